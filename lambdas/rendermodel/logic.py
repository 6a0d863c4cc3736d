"""Write one MERGE for what a gold table has not caught up with."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from lakehouse_assets.contracts import Contract, contract
from lakehouse_assets.contracts.layers import control_name, model_sql
from lakehouse_assets.sql.gold import merge_statement, window_parameters
from lakehouse_assets.storage.runs import RunFolder

if TYPE_CHECKING:
    from lakehouse_assets.load.ledger import Backlog
    from lakehouse_assets.storage.lake import Lake

STATEMENT_BYTES = 150_000
"""A statement's limit, of the 256 KiB that a state machine passes on between states, which is also what Athena takes:
https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html"""


def render_model(pipeline: str, model: str, lake: Lake, zone: str, run_id: str | None = None) -> dict[str, Any]:
    """Return the MERGE for a model, and the runs to acknowledge when it has run.

    Args:
        pipeline: whose model.
        model: its contract, such as `gold.daily_weather`.
        lake: where the tables are.
        zone: source time zone.
        run_id: the run, in whose folder the list of runs is left; None for a machine that carries the list itself.

    Returns: statement (None when nothing was touched), has_statement, runs (the key of their list in the lake), and the
        version of the model that it is made of.

    Raises:
        ContractInvalid: there is no such model.
    """
    # What reads tables is imported when they are read.
    from lakehouse_assets.load.ledger import Backlog, OpenLedger
    from lakehouse_assets.load.model_states import models_of

    gold, ledger = contract(pipeline, model), contract(pipeline, control_name(pipeline, "run_ledger"))
    models, opened = models_of(pipeline, lake), OpenLedger(ledger, lake)
    behind, state = opened.backlog(gold), models.state(gold.name, opened)
    due = Backlog(behind.runs, None) if state.why else behind
    text, runs = statement(gold, model_sql(pipeline, gold.name), due, zone), list(behind.runs)
    if run_id is not None:
        piece, folder = f"rendered-{gold.name}", RunFolder(lake.store, pipeline, run_id)
        window = sorted(map(str, due.window or ()))
        folder.write(
            piece, {"runs": runs, "window": window, "is_whole": due.window is None, "rebuilt": state.why or ""}
        )
    return {
        "statement": text,
        "has_statement": text is not None,
        "runs": runs if run_id is None else folder.key_of(piece),
        "version": models.held(state.version).text,
    }


def statement(gold: Contract, model: str, behind: Backlog, zone: str = "UTC") -> str | None:
    """Return the MERGE for what is behind, or for the whole table when naming all values would be too long."""
    if behind.window == ():
        return None
    text = merge_statement(gold, model, window_parameters(gold, behind.window), zone=zone)
    # Measured as it travels: quotes and line ends count twice in JSON.
    whole = window_parameters(gold, None)
    return text if len(json.dumps(text)) <= STATEMENT_BYTES else merge_statement(gold, model, whole, zone=zone)

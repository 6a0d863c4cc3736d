"""Write one MERGE for what a gold table has not caught up with."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lakehouse_assets.contracts import Contract, contract
from lakehouse_assets.contracts.layers import control_name, model_sql
from lakehouse_assets.sql.gold import merge_statement, window_parameters
from lakehouse_assets.storage.runs import RunFolder

if TYPE_CHECKING:
    from lakehouse_assets.load.ledger import Backlog
    from lakehouse_assets.storage.lake import Lake

REFRESHED = "a full refresh was asked for"
"""Says why a table is built whole that is not behind, in words that follow its name."""
STATEMENT_BYTES = 150_000
"""A statement's limit, of the 256 KiB that a state machine passes on between states, which is also what Athena takes:
https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html"""


@dataclass(frozen=True)
class Asked:
    """Say which gold table is to be rendered.

    Attributes:
        pipeline: whose model.
        model: its contract, such as `gold.daily_weather`.
        zone: source time zone.
        run_id: the run, in whose folder the list of runs is left; None for a machine that carries the list itself.
        whole: whether the table is built whole, whatever it has caught up with.
    """

    pipeline: str
    model: str
    zone: str
    run_id: str | None = None
    whole: bool = False


def render_model(asked: Asked, lake: Lake) -> dict[str, Any]:
    """Return the MERGE for a model, and the runs to acknowledge when it has run.

    Returns: statement (None when nothing was touched), has_statement, runs (the key of their list in the lake), the
        version of the model that it is made of, and why the table is built whole (empty when it is not rebuilt).

    Raises:
        ContractInvalid: there is no such model.
    """
    # What reads tables is imported when they are read.
    from lakehouse_assets.load.ledger import Backlog, OpenLedger
    from lakehouse_assets.load.model_states import models_of

    pipeline = asked.pipeline
    gold, ledger = contract(pipeline, asked.model), contract(pipeline, control_name(pipeline, "run_ledger"))
    models, opened = models_of(pipeline, lake), OpenLedger(ledger, lake)
    behind, state = opened.backlog(gold), models.state(gold.name, opened)
    why = REFRESHED if asked.whole else state.why or ""
    due = Backlog(behind.runs, None) if why else behind
    text = statement(gold, model_sql(pipeline, gold.name), due, asked.zone)
    return {
        "statement": text,
        "has_statement": text is not None,
        "runs": _listed(asked, lake, gold, due, why),
        "version": models.held(state.version).text,
        "why": why,
    }


def _listed(asked: Asked, lake: Lake, gold: Contract, due: Backlog, why: str) -> str | list[str]:
    """Leave what is to be acknowledged in the run's folder and return its key; the runs themselves without a run."""
    if asked.run_id is None:
        return list(due.runs)
    piece, folder = f"rendered-{gold.name}", RunFolder(lake.store, asked.pipeline, asked.run_id)
    window = sorted(map(str, due.window or ()))
    folder.write(piece, {"runs": due.runs, "window": window, "is_whole": due.window is None, "rebuilt": why})
    return folder.key_of(piece)


def statement(gold: Contract, model: str, behind: Backlog, zone: str = "UTC") -> str | None:
    """Return the MERGE for what is behind, or for the whole table when naming all values would be too long."""
    if behind.window == ():
        return None
    text = merge_statement(gold, model, window_parameters(gold, behind.window), zone=zone)
    # Measured as it travels: quotes and line ends count twice in JSON.
    whole = window_parameters(gold, None)
    return text if len(json.dumps(text)) <= STATEMENT_BYTES else merge_statement(gold, model, whole, zone=zone)

"""Take over gold tables of before versions were noted: each is taken as it is, once, as built with the model of now.

It happens when a run is planned, also one that finds nothing to do, so that a model that is changed afterwards is
noticed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from lakehouse_assets.engines.iceberg import MODEL
from lakehouse_assets.engines.protocol import no_fence
from lakehouse_assets.load.ledger import know_version
from lakehouse_assets.load.model_states import Models, ModelState


def take_over(models: Models, states: Mapping[str, ModelState], run_id: str, as_of: datetime) -> tuple[str, ...]:
    """Note the version of now in every gold table that has none of before; return the names of these tables.

    Args:
        models: of the pipeline whose tables they are.
        states: of these tables, as `models` found them.
        run_id: the run that is planned.
        as_of: its clock.

    Raises:
        CommitConflict: somebody else changes a table right now.
    """
    old = [state for state in states.values() if state.is_taken_over]
    if not old:
        return ()
    # What notes is imported when there is something to note: pyiceberg takes longer than a plan.
    from lakehouse_assets.engines.iceberg import without_retries
    from lakehouse_assets.engines.iceberg_commit import note

    for state in old:
        table = without_retries(state.contract, models.lake.iceberg(state.contract))
        note(state.contract, table, {MODEL: state.version.text}, no_fence)
        know_version(models.ledger, models.lake, state.contract, state.version.code, run_id, as_of, no_fence)
    return tuple(state.contract.name for state in old)

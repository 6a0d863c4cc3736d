"""Find the gold tables whose latest build failed and that have not caught up since, as failed checks."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from lakehouse_assets.operations.check_results import CheckState
from lakehouse_assets.settings import Settings

if TYPE_CHECKING:
    from dagster import DagsterInstance

BUILT = "built"
"""Names the check that appears only when the latest build of a gold table failed."""


def unbuilt(settings: Settings, instance: DagsterInstance, names: Iterable[str]) -> list[CheckState]:
    """Return a failed check for each gold table that holds older rows than it was to be built with.

    One whose model was put back since, and that no run has touched, is as it should be.

    Args:
        settings: whose lake.
        instance: its history.
        names: the pipelines.
    """
    from lakehouse_assets.contracts import contracts
    from lakehouse_assets.graph.build_history import failed_builds
    from lakehouse_assets.graph.metadata import asset_key

    found = []
    for name in names:
        tables = {asset_key(c): c.name for c in contracts(name).values() if c.layer == "gold"}
        failed = failed_builds(instance, tables)
        behind = _behind(settings, name) if failed else set()
        for key, (run_id, said) in failed.items():
            if tables[key] in behind:
                problem = f"its latest build failed: {said}"
                now = datetime.now(UTC)
                found.append(
                    CheckState(
                        "/".join(key.path),
                        BUILT,
                        "errored",
                        problem,
                        blocking=True,
                        severity="ERROR",
                        at=now,
                        run_id=run_id,
                    )
                )
    return found


def _behind(settings: Settings, pipeline: str) -> set[str]:
    """Return the bare names of the gold tables that the next run would build."""
    from lakehouse_assets.load.ledger import OpenLedger
    from lakehouse_assets.load.model_states import models_of
    from lakehouse_assets.storage.lake import lake_of

    models = models_of(pipeline, lake_of(settings))
    ledger = OpenLedger(models.ledger, models.lake)
    return {name for name, state in models.states(ledger).items() if state.why or ledger.backlog(state.contract).runs}

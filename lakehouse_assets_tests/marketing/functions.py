"""The functions of the pull, called as the machine calls them, one run after the other on one lake."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from lakehouse_assets.compute.calls import LocalContext, answered, each_answered
from lakehouse_assets.compute.functions import handler_of
from lakehouse_assets.core.manifest import Manifest
from lakehouse_assets.core.request import RunRequest
from lakehouse_assets.progress import Progress
from lakehouse_assets.storage.lake import open_lake
from lakehouse_assets.storage.runs import RunFolder
from lakehouse_assets_tests.affise.tenant import ZONE, Case, tenant
from lakehouse_assets_tests.affise.wire import SECRETS

WINDOW = {"start": "2026-03-10", "end": "2026-03-16"}


@dataclass
class Functions:
    """Call functions for runs of one lake; `shared` is what the calls of a run have in common."""

    case: Case
    shared: dict[str, Any] = field(default_factory=dict)

    def call(self, function: str, run_id: str = "run-1", progress: Progress | None = None, **event: Any) -> Any:
        """Call one until it is done."""
        run = {"run_id": run_id, "lake": str(self.case.folder), "as_of": self.case.now.isoformat()}
        handler, context = handler_of(function, {}), LocalContext(progress or Progress(), self.shared)
        return answered(handler, run | {"source_timezone": ZONE} | event, context, repeat="at_once" in event)

    def plan(self, run_id: str = "run-1") -> dict[str, Any]:
        """Plan a run, and its pull."""
        asked = RunRequest(as_of=self.case.now)
        manifest = Manifest(run_id, "marketing", "landing", (), asked)
        RunFolder(self.case.store, "marketing", run_id).write("manifest", manifest.to_dict())
        planned: dict[str, Any] = self.call("PlanAffisePull", run_id, window=WINDOW)
        return planned

    def facts(self, planned: dict[str, Any], run_id: str = "run-1") -> dict[str, Any]:
        """Pull all planned slices, three at a time."""

        def pull(one: dict[str, Any], context: LocalContext) -> dict[str, Any]:
            known = {"date_to": planned["date_to"], "at_once": 3, "slice": one}
            answer: dict[str, Any] = self.call("PullAffiseSlices", run_id, context.progress, **known)
            return answer

        return each_answered(pull, planned["slices"], 3, LocalContext(Progress()))

    def named(self, planned: dict[str, Any], run_id: str = "run-1") -> set[tuple[str, str]]:
        """Name pages; the dataset and the run of each."""
        key = f"runs/marketing/{run_id}/manifest.json"
        answer = self.call("NameAffisePages", run_id, manifest=key, open_runs=planned["open_runs"])
        files = Manifest.from_dict(RunFolder(self.case.store, "marketing", run_id).read("pulled") or {}).files
        assert answer["manifest"] == f"runs/marketing/{run_id}/pulled.json"
        assert answer["pages"] == len({entry.archived for entry in files})
        return {(entry.dataset, (entry.archived or "").split("/")[4]) for entry in files}


@contextmanager
def serving(folder: Path, patch: pytest.MonkeyPatch) -> Iterator[Functions]:
    """A tenant with two pages of clicks a day, and functions that know it."""
    with tenant(folder) as case:
        values = SECRETS | {
            "AFFISE_API_KEY": case.simulator.key,
            "LAKEHOUSE_PIPELINES": "lakehouse_assets.marketing",
            "LAKEHOUSE_AFFISE__URL": case.simulator.url,
            "LAKEHOUSE_AFFISE__RATE": "1000",
            "LAKEHOUSE_AFFISE__TRIES": "1",
        }
        for name, value in values.items():
            patch.setenv(name, value)
        open_lake(str(folder)).create()
        yield Functions(case)

"""Drive one run as the e-commerce machine does, by its functions alone, in a lake in a folder.

Where the machine asks Athena, nothing is asked: a gold table is acknowledged as if its MERGE had run, and the outcomes
of checks are given.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lambdas.acknowledgemodel.handler import handler as acknowledge_model
from lambdas.judgechecks.handler import handler as judge_checks
from lambdas.loadsmallbatch.handler import handler as load_small_batch
from lambdas.moves3objects.handler import handler as move_objects
from lambdas.planrun.handler import handler as plan_run
from lambdas.recordrun.handler import handler as record_run
from lambdas.rendermodel.handler import handler as render_model

STATES = "arn:aws:states:eu-west-1:123456789012"
MODELS = ("daily_sales", "product_daily", "user_orders")


@dataclass
class MachineRun:
    """One execution.

    Attributes:
        root: folder with `lake` and `landing`.
        name: of the execution.
        tick: of the schedule that started it.
        plan: what PlanRun answered.
        extra: further fields of PlanRun's event.
    """

    root: Path
    name: str
    tick: str | None = None
    plan: dict[str, Any] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def run_id(self) -> str:
        """What the machine calls the run."""
        return f"ecommerce-{self.tick.replace(':', '-')}" if self.tick else self.name

    @property
    def arn(self) -> str:
        """The execution's."""
        return f"{STATES}:execution:ecommerce:{self.name}"

    @property
    def event(self) -> dict[str, Any]:
        """What every function is told."""
        fence = {"fence": self.plan["fence"]} if self.plan.get("fence") else {}
        return {"run_id": self.run_id, "pipeline": "ecommerce", "lake": str(self.root / "lake"), **fence}

    def planned(self, **asked: Any) -> dict[str, Any]:
        """Plan the run, and keep the answer."""
        fields = dict.fromkeys(("as_of", "mode", "files", "date", "selection", "max_reject_ratio", "full_refresh"))
        given = fields | {"tick": self.tick} | {name: value for name, value in asked.items() if name in fields}
        own = {"landing": str(self.root / "landing"), "asked": {"tick": self.tick} | asked, "job": "ecommerce"}
        held = {"execution": self.arn, "hold_seconds": 3600, "engine": "auto"}
        self.plan = plan_run(self.event | given | own | held | self.extra, None)
        return self.plan

    def loaded(self) -> dict[str, Any]:
        """Load the plan's manifest in a function."""
        lake = str(self.root / "lake")
        manifest = f"{lake}/{self.plan['manifest']}"
        arguments = {"--run-id": self.run_id, "--manifest-uri": manifest, "--lake-root": lake}
        return load_small_batch(self.event | {"arguments": arguments}, None)

    def built(self) -> None:
        """Tell the ledger that all gold tables are up to date."""
        for model in MODELS:
            about = self.event | {"model": f"gold.{model}", "source_timezone": "UTC", "as_of": self.plan["as_of"]}
            rendered = render_model(about, None)
            acknowledge_model(about | {"runs": rendered["runs"], "version": None}, None)

    def judged(self, *outcomes: dict[str, Any]) -> dict[str, Any]:
        """Judge the checks of one step."""
        return judge_checks(self.event | {"step": "ecommerce gold assertions", "outcomes": list(outcomes)}, None)

    def archived(self) -> dict[str, Any]:
        """Move the manifest's files."""
        where = {"manifest_key": self.plan["manifest"], "landing": str(self.root / "landing"), "refused": ""}
        return move_objects(self.event | where, None)

    def recorded(self, failure: dict[str, str] | None = None) -> dict[str, Any]:
        """Record the end."""
        known = {"execution": self.arn, "link": f"https://console/{self.name}", "started_at": "2026-11-26T09:00:00Z"}
        outcome = {"outcome": "failed" if failure else "succeeded", "failure": failure}
        return record_run(self.event | known | outcome, None)

    def whole(self, *outcomes: dict[str, Any]) -> dict[str, Any]:
        """The whole run, up to the message for people."""
        self.planned()
        self.loaded()
        self.built()
        self.judged(*outcomes)
        self.archived()
        return self.recorded()


def outcome(check: str, verdict: str = "warn", failing: int = 0, **more: Any) -> dict[str, Any]:
    """What a branch found of a check, `gold.table code`."""
    rows = ["order_id | n"] + [f"o{number} | 2" for number in range(failing)]
    return {"check": check, "verdict": verdict, "failing": failing, "sample": rows, **more}

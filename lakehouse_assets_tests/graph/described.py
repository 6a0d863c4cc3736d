"""The asset graph as plain data, sorted, so that a change of it is a diff.

As a command, `UPDATE`, it writes the golden.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import dagster as dg
from dagster._core.execution.api import create_execution_plan

from lakehouse_assets.definitions import build_definitions
from lakehouse_assets.settings import Settings

GOLDEN = Path(__file__).parents[1] / "goldens" / "graph.json"
SETTINGS = Settings(lake=Path("/lake"), source_timezone="Europe/Berlin")
UPDATE = "python -m lakehouse_assets_tests.graph.described"


def described() -> dict[str, Any]:
    """Assets, checks, steps, automation and column lineage of all definitions."""
    defs = build_definitions(SETTINGS)
    graph = defs.resolve_asset_graph()
    return {
        "assets": {key.to_user_string(): _asset(graph.get(key)) for key in graph.get_all_asset_keys()},
        "checks": {key.to_user_string(): _check(graph.get_check_spec(key)) for key in graph.asset_check_keys},
        "jobs": {job.name: _steps(defs, job.name) for job in defs.jobs or []},
        "schedules": {s.name: _schedule(defs.resolve_schedule_def(s.name)) for s in defs.schedules or []},
        "sensors": {s.name: _sensor(s) for s in defs.sensors or []},
    }


def text() -> str:
    """The golden's text."""
    return json.dumps(described(), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _asset(node: Any) -> dict[str, Any]:
    lineage = node.metadata.get("dagster/column_lineage")
    return {
        "columns": _lineage(lineage) if lineage else None,
        "deps": sorted(key.to_user_string() for key in node.parent_keys),
        "description": node.description,
        "fails_after": _fails_after(node.freshness_policy),
        "group": node.group_name,
        "kinds": sorted(node.kinds),
        "owners": sorted(node.owners),
        "tags": {name: value for name, value in node.tags.items() if not name.startswith("dagster/")},
    }


def _fails_after(policy: Any) -> str | None:
    """How old a table may be, or by when it is due."""
    if policy is None:
        return None
    is_due = hasattr(policy, "deadline_cron")
    return f"{policy.deadline_cron} {policy.timezone}" if is_due else str(policy.fail_window.to_timedelta())


def _lineage(lineage: dg.TableColumnLineage) -> dict[str, list[str]]:
    return {
        name: sorted(f"{dep.asset_key.to_user_string()}.{dep.column_name}" for dep in deps)
        for name, deps in lineage.deps_by_column.items()
    }


def _check(spec: dg.AssetCheckSpec) -> dict[str, Any]:
    return {"blocking": spec.blocking, "description": spec.description}


def _steps(defs: dg.Definitions, job: str) -> dict[str, list[str]]:
    plan = create_execution_plan(defs.resolve_job_def(job))
    return {step: sorted(needed) for step, needed in plan.get_executable_step_deps().items()}


def _schedule(schedule: dg.ScheduleDefinition) -> dict[str, Any]:
    return {
        "cron": schedule.cron_schedule,
        "job": schedule.job_name,
        "status": schedule.default_status.value,
        "zone": schedule.execution_timezone,
    }


def _sensor(sensor: dg.SensorDefinition) -> dict[str, Any]:
    return {
        "jobs": [target.job_name for target in sensor.targets],
        "seconds": sensor.minimum_interval_seconds,
        "status": sensor.default_status.value,
    }


if __name__ == "__main__":
    GOLDEN.write_text(text(), "utf-8")

"""Read Dagster's execution plan into plain values; no other module touches Dagster's private plan API.

The plan, not the asset graph, is read, because it holds the gates that blocking checks are. A test guards the Dagster
version this was tried on. Not here: what becomes of a step (`emitter`).
"""

from __future__ import annotations

from typing import Any

import dagster as dg
from dagster._core.definitions.job_definition import JobDefinition
from dagster._core.execution.api import create_execution_plan
from dagster._core.execution.plan.step import IExecutionStep

from lakehouse_assets.compute.tasks import TASK_METADATA, Task, from_metadata
from lakehouse_assets.errors import EmissionInvalid
from stepfunctions.steps import Levels, RetryPolicy, Step

TRIED_WITH = "1.13."
"""The start of the Dagster versions whose plan looks as it is read here."""

UNDECLARED = RetryPolicy(max_retries=2, delay_seconds=1, backoff_rate=2.0)
"""The policy of a step that declares none, because Dagster's checks have no place for one."""


def read_plan(definitions: dg.Definitions, job: str) -> Levels:
    """Return the steps of a job, level by level, sorted by key within a level.

    Raises:
        EmissionInvalid: an asset or check of the job declares no task, or those of one step declare different ones.
    """
    resolved = definitions.resolve_job_def(job)
    plan = create_execution_plan(resolved)
    return tuple(
        tuple(_step(resolved, step) for step in sorted(level, key=lambda s: s.key))
        for level in plan.get_steps_to_execute_by_level()
    )


def _step(job: JobDefinition, step: IExecutionStep) -> Step:
    properties = [output.properties for output in step.step_outputs]
    assets = sorted(p.asset_key for p in properties if p.asset_key)
    checks = sorted(p.asset_check_key for p in properties if p.asset_check_key)
    return Step(
        key=step.key,
        assets=tuple(key.to_user_string() for key in assets),
        checks=tuple(f"{key.asset_key.to_user_string()} {key.name}" for key in checks),
        task=_task(job, step.key, assets, checks),
        retry=_retry(job.get_retry_policy_for_handle(step.node_handle)),
    )


def _task(job: JobDefinition, step: str, assets: list[dg.AssetKey], checks: list[dg.AssetCheckKey]) -> Task:
    """Return the one task that the step's assets declare; a step of checks alone has that of its checks."""
    graph = job.asset_layer.asset_graph
    declared: dict[str, Any] = {key.to_user_string(): graph.get(key).metadata.get(TASK_METADATA) for key in assets}
    if not assets:
        specs = {key: graph.get_check_spec(key) for key in checks}
        declared = {
            f"{key.asset_key.to_user_string()} {key.name}": spec.metadata.get(TASK_METADATA)
            for key, spec in specs.items()
        }
    missing = [name for name, task in declared.items() if task is None]
    if missing or not declared:
        what = ", ".join(f"`{name}`" for name in missing) or f"step `{step}`"
        raise EmissionInvalid(machine=job.name, problem=f"{what} has no task (metadata `{TASK_METADATA}`)")
    first, *others = (from_metadata(task.data) for task in declared.values())
    if any(task != first for task in others):
        raise EmissionInvalid(machine=job.name, problem=f"the assets of step `{step}` declare different tasks")
    return first


def _retry(policy: dg.RetryPolicy | None) -> RetryPolicy:
    if policy is None:
        return UNDECLARED
    rate = 2.0 if policy.backoff is dg.Backoff.EXPONENTIAL else 1.0
    return RetryPolicy(policy.max_retries, max(1, round(policy.delay or 0)), rate)

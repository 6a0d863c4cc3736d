"""Run a Glue job to its end: find one that goes on or start one, look until it ends, stop it when nobody waits.

A job run is found by our run id, which is among its arguments: a process that died, or a step that is tried again,
waits for the job that goes on and starts no second one. Glue itself tries nothing again (`MaxRetries` is 0).
https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-jobs-runs.html
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lakehouse_assets.compute.aws.failures import own_error, sentence_of
from lakehouse_assets.compute.aws.links import log_link
from lakehouse_assets.compute.aws.waiting import Pace, patiently, rest, stopped_unless_ended
from lakehouse_assets.compute.costs import Usage, glue_usage
from lakehouse_assets.errors import JobFailed, LakehouseError, ServiceRefused, ServiceUnavailable
from lakehouse_assets.progress import Progress
from lakehouse_assets.storage.aws import client_of, glue
from lakehouse_assets.storage.service_errors import answering

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient

RUN_ID = "--run-id"
"""Names the argument that says whose run a job run is."""
GOING_ON = frozenset({"STARTING", "RUNNING", "WAITING", "STOPPING"})
GOOD = "SUCCEEDED"
SPARE_SECONDS = 120
"""A job's own time-out lies so far below that of whoever waits for it: a job that nobody waits for would go on."""
RECENT_PAGES = 2
"""How many pages of 200 runs, newest first, are looked through: what goes on was started lately."""
ODD_WORKERS = {"Standard": 1.0, "G.025X": 0.25}
"""Maps types of workers to their DPUs whose name does not say them, as `G.2X` does:
https://docs.aws.amazon.com/glue/latest/dg/worker-types.html"""
FULL = ("ConcurrentRunsExceededException", "ResourceNumberLimitExceededException")
"""Names the refusals that pass when other job runs have ended."""


@dataclass(frozen=True)
class JobRequest:
    """Say which job is run with what: arguments as text, and after how many seconds it must have ended."""

    job: str
    arguments: Mapping[str, str]
    timeout_seconds: int
    flex: bool = False

    @property
    def timeout_minutes(self) -> int:
        """Return the job's own time-out as Glue takes it."""
        return max(1, (self.timeout_seconds - SPARE_SECONDS) // 60)


@dataclass(frozen=True)
class JobRun:
    """Hold what Glue says of a job run.

    Attributes:
        id: its own, not our run's.
        state: as Glue names it.
        message: why it failed, as Glue tells it.
        seconds: for how long it has run.
        dpu_seconds: what it has used.
        is_flex: whether on spare capacity.
        group: of its log.
    """

    id: str
    state: str
    message: str = ""
    seconds: float = 0.0
    dpu_seconds: float = 0.0
    is_flex: bool = False
    group: str = "/aws-glue/jobs"

    @property
    def goes_on(self) -> bool:
        """Say whether it has not ended yet."""
        return self.state in GOING_ON

    def log(self, region: str) -> str:
        """Return the link to the log in which it writes what went wrong."""
        group = self.group if self.group.endswith(("error", "logs-v2")) else f"{self.group}/error"
        return log_link(region, group, self.id)

    def usage(self, region: str) -> Usage:
        """Return what it has used so far."""
        dpus = self.dpu_seconds / self.seconds if self.seconds else 0.0
        return glue_usage(dpus, self.seconds, region, flex=self.is_flex)


def request_of(asked: JobRequest) -> dict[str, Any]:
    """Return what StartJobRun takes.

    >>> request_of(JobRequest("Load", {"--run-id": "r1"}, 1800))["Timeout"]
    28
    """
    flex = {"ExecutionClass": "FLEX"} if asked.flex else {}
    return {"JobName": asked.job, "Arguments": dict(asked.arguments), "Timeout": asked.timeout_minutes, **flex}


def parsed(told: Mapping[str, Any]) -> JobRun:
    """Return a job run as Glue told it; DPU-seconds are told for runs whose size changes, else they are worked out."""
    seconds = float(told.get("ExecutionTime") or 0)
    used = told.get("DPUSeconds")
    return JobRun(
        id=str(told["Id"]),
        state=str(told.get("JobRunState", "")),
        message=str(told.get("ErrorMessage") or told.get("StateDetail") or ""),
        seconds=seconds,
        dpu_seconds=float(used) if used else dpus_of(told) * seconds,
        is_flex=told.get("ExecutionClass") == "FLEX",
        group=str(told.get("LogGroupName") or "/aws-glue/jobs"),
    )


def dpus_of(told: Mapping[str, Any]) -> float:
    """Return how many DPUs a job run has: as Glue says, or by its workers, whose type names what each of them has.

    >>> dpus_of({"MaxCapacity": 3.0}), dpus_of({"WorkerType": "G.2X", "NumberOfWorkers": 2}), dpus_of({})
    (3.0, 4.0, 0.0)
    """
    if told.get("MaxCapacity"):
        return float(told["MaxCapacity"])
    kind = str(told.get("WorkerType") or "")
    each = ODD_WORKERS.get(kind) or float(kind.rpartition(".")[2].removesuffix("X") or 0)
    return each * float(told.get("NumberOfWorkers") or 0)


def require_good(job: str, ended: JobRun, region: str) -> None:
    """Raise the error that a job run has ended with, in the sentence that the job itself has raised where it did.

    Raises:
        LakehouseError: what the job has raised; `JobFailed` where that is none of ours.
        ServiceUnavailable: it waited too long for capacity, or Glue failed by itself.
    """
    if ended.state != GOOD:
        raise _error_of(job, ended, ended.log(region))


def _error_of(job: str, ended: JobRun, log: str) -> LakehouseError:
    if ended.state == "TIMEOUT":
        return JobFailed(job=job, problem=f"was stopped by Glue, as it took longer than it may ({ended.id})", log=log)
    if ended.state == "STOPPED":
        return JobFailed(job=job, problem=f"was stopped by somebody ({ended.id})", log=log)
    if ended.state in {"EXPIRED", "ERROR"}:
        why = "it waited too long for capacity" if ended.state == "EXPIRED" else sentence_of(ended.message)
        said = f"job run {ended.id} ended as {ended.state}: {why}"
        return ServiceUnavailable(service="AWS Glue", problem=said, log=log)
    own = own_error(ended.message, log=log)
    return own or JobFailed(job=job, problem=f"failed: {sentence_of(ended.message)} ({ended.id})", log=log)


class GlueJobs:
    """Run jobs in Glue.

    Args:
        progress: is told what is waited for.
        pace: how often is looked at what goes on.
    """

    def __init__(self, progress: Progress, pace: Pace | None = None) -> None:
        self.progress, self.pace = progress, pace or Pace()

    def run(self, asked: JobRequest) -> JobRun:
        """Run a job to its end, good or bad, or wait for the end of the run with the same run id that goes on.

        Raises:
            JobFailed: it goes on for longer than it may.
            ServiceUnavailable, ServiceRefused, AccessDenied: Glue does not start it, or cannot be asked.
        """
        deadline = time.monotonic() + asked.timeout_seconds
        run_id = self._going_on(asked) or self._started(asked, deadline)
        with stopped_unless_ended(lambda: self.stop(asked.job, run_id)) as ended:
            run = self._ended(asked, run_id)
            ended()
        return run

    def stop(self, job: str, run_id: str) -> None:
        """Stop a job run.

        Raises:
            JobFailed: Glue says that it cannot be stopped.
        """
        with answering("glue", f"job `{job}`"):
            told = glue().batch_stop_job_run(JobName=job, JobRunIds=[run_id])
        for error in told.get("Errors", ()):
            said = error.get("ErrorDetail", {}).get("ErrorMessage", "no reason is given")
            raise JobFailed(job=job, problem=f"cannot be stopped: {said} ({run_id})")

    def _going_on(self, asked: JobRequest) -> str | None:
        """Return the id of the job run with the same run id that goes on; one that is being stopped is waited for."""
        for told in self._recent(asked.job):
            found = parsed(told)
            is_ours = told.get("Arguments", {}).get(RUN_ID) == asked.arguments.get(RUN_ID)
            if not (found.goes_on and is_ours):
                continue
            if found.state != "STOPPING":
                self.progress.doing(f"waiting for job run {found.id}, which goes on")
                return found.id
            self._ended(asked, found.id)
        return None

    def _recent(self, job: str) -> Iterator[Mapping[str, Any]]:
        pages = glue().get_paginator("get_job_runs").paginate(JobName=job, PaginationConfig={"PageSize": 200})
        with answering("glue", f"job `{job}`"):
            for number, page in enumerate(pages, 1):
                yield from page.get("JobRuns", ())
                if number == RECENT_PAGES:
                    return

    def _started(self, asked: JobRequest, deadline: float) -> str:
        def start() -> str:
            try:
                with answering("glue", f"job `{asked.job}`"):
                    return str(_starting().start_job_run(**request_of(asked))["JobRunId"])
            except (ServiceUnavailable, ServiceRefused):
                # The answer may have been lost, and not the start.
                if begun := self._going_on(asked):
                    return begun
                raise

        self.progress.doing(f"starting job {asked.job}")
        return patiently(start, self.pace, deadline, _is_full)

    def _ended(self, asked: JobRequest, run_id: str) -> JobRun:
        """Return a job run once it has ended.

        Raises:
            JobFailed: it goes on for longer than it may.
        """
        shown, deadline = "", time.monotonic() + asked.timeout_seconds
        for pause in self.pace.pauses():
            run = patiently(lambda: self._look(asked.job, run_id), self.pace, deadline, lambda _: False)
            if not run.goes_on:
                return run
            if run.state != shown:
                # What waits for capacity waits as long as it may run, and then has all of its time.
                shown, deadline = run.state, time.monotonic() + asked.timeout_seconds
                self.progress.doing(f"job run {run_id}: {run.state.lower()}")
            if time.monotonic() > deadline:
                raise JobFailed(job=asked.job, problem=f"goes on for longer than it may and was stopped ({run_id})")
            rest(pause)
        raise AssertionError  # pauses never end

    def _look(self, job: str, run_id: str) -> JobRun:
        with answering("glue", f"job `{job}`"):
            return parsed(glue().get_job_run(JobName=job, RunId=run_id)["JobRun"])


def _starting() -> GlueClient:
    """Return a client that sends each request once: Glue knows no token by which two starts would be one."""
    made: GlueClient = client_of("glue", tries=1)
    return made


def _is_full(error: LakehouseError) -> bool:
    return isinstance(error, ServiceRefused) and any(name in error.facts["problem"] for name in FULL)

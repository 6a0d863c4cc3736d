"""Hold what serves a run wherever its steps are carried out: folder, lease, facts, calls, and the SQL of checks.

`local.py` and `aws/services.py` add to it who is called and where SQL runs.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from lakehouse_assets import interruption
from lakehouse_assets.compute.calls import LocalContext, answered, each_answered
from lakehouse_assets.compute.costs import Usage
from lakehouse_assets.compute.functions import Handler
from lakehouse_assets.compute.reports import FACTS, LOAD, WHOLE_TABLES, FunctionAnswer, Row, refused_key
from lakehouse_assets.compute.services import CheckOutcome
from lakehouse_assets.compute.tasks import ITEM, FunctionTask, fill
from lakehouse_assets.compute.touched import stated, touched_days
from lakehouse_assets.compute.usage import add_usage
from lakehouse_assets.contracts import Contract, Rule, contracts
from lakehouse_assets.contracts.checks import assertion_sql, partition_day
from lakehouse_assets.core.manifest import utc_moment
from lakehouse_assets.core.request import RunRequest, resolve
from lakehouse_assets.interruption import Duty
from lakehouse_assets.load.failing import failing
from lakehouse_assets.load.report import SAMPLE_ROWS, LoadReport
from lakehouse_assets.progress import Progress
from lakehouse_assets.sql.dialects import Parameter, literal
from lakehouse_assets.storage.lake import Lake
from lakehouse_assets.storage.lease import Lease
from lakehouse_assets.storage.runs import REQUEST, RunFolder


@dataclass(frozen=True, kw_only=True)
class RunConfig:
    """Say where a pipeline runs.

    Attributes:
        pipeline: its name, also of its lease.
        lake: its lake.
        landing: URI or folder where its files land.
        zone: source time zone.
        functions: handlers that the pipeline brings, see `functions.handler_of`.
        renew_seconds: pause between two signs of life of the lease.
    """

    pipeline: str
    lake: Lake
    landing: str
    zone: str
    functions: Mapping[str, str] = field(default_factory=dict)
    renew_seconds: float = 30.0


class RunServices(ABC):
    """Implement what of `services.Services` is the same everywhere, for one run of one pipeline.

    It holds the pipeline's lease from the first step that needs it until `close`.

    Args:
        config: where the pipeline runs.
        run_id: the run that is served.
        progress: where the services say what they do; None where nobody looks.
    """

    def __init__(self, config: RunConfig, run_id: str, progress: Progress | None = None) -> None:
        self._place, self.progress = config, progress or Progress()
        config.lake.create()
        self._run = RunFolder(config.lake.store, config.pipeline, run_id)
        self._contracts = contracts(config.pipeline)
        self._lease: Lease | None = None
        self._context = LocalContext(self.progress)
        self._spent: dict[str, tuple[Usage, ...]] = {}

    @property
    def run(self) -> RunFolder:
        """Return the run's folder in the lake."""
        return self._run

    def hold(self) -> Lease:
        """Return the pipeline's lease, taken or re-entered by this run.

        Raises:
            LeaseHeld: another run has it.
            LakeElsewhere: the lake was copied or moved.
        """
        interruption.check()
        if self._lease is None:
            self._place.lake.require_here()
            lease = Lease(self._run.store, self._place.pipeline, renew_seconds=self._place.renew_seconds)
            self._lease = lease.acquire(self._run.run_id)
            self._duty = Duty(clean=self._lease.release)
        return self._lease

    def close(self) -> None:
        """Give back the lease and what was opened."""
        if self._lease is not None:
            self._lease.release()
            self._lease = None
            self._duty.done()
        self.refresh()

    @abstractmethod
    def refresh(self) -> None:
        """Forget what was read of the tables, because a job has changed them."""

    @abstractmethod
    def _handler(self, task: FunctionTask) -> Handler:
        """Return what calls the function of a task with an event."""

    @abstractmethod
    def _rows(self, sql: str, parameters: Mapping[str, Parameter] | None = None) -> list[Row]:
        """Return the rows of a statement in Athena SQL, whose parameters are the run's clocks."""

    def begin(self, request: RunRequest) -> RunRequest:
        """Take the lease and keep the request with its clock fixed; see `Services.begin`."""
        self.hold().check()
        fixed = resolve(request, datetime.now(UTC), self._place.zone)
        self._run.write(REQUEST, fixed.to_dict())
        return fixed

    def invoke(self, task: FunctionTask) -> FunctionAnswer:
        """Call the function, as often as its task says; see `Services.invoke`."""
        started = time.perf_counter()
        self.hold().check()
        self.progress.doing(f"calling {task.function}")
        handler, facts = self._handler(task), self._facts()
        whose = {name: facts[name] for name in ("run_id", "pipeline", "lake")}

        def call(item: Any, context: LocalContext) -> dict[str, Any]:  # noqa: ANN401 - any JSON value
            event = whose | fill(task.payload, facts | {ITEM: item})
            return answered(handler, event, context, repeat=task.repeat)

        if task.each:
            answer = each_answered(call, fill(task.each, facts), task.concurrency, self._context)
        else:
            answer = call(None, self._context)
        if task.gives:
            self._run.write(FACTS, self._told() | {name: answer[name] for name in task.gives})
        return FunctionAnswer(answer, time.perf_counter() - started)

    def check(self, contract: Contract, rule: Rule) -> CheckOutcome:
        """Run one assertion; see `Services.check`."""
        self.progress.doing(f"checking {contract.name}.{rule.code}")
        facts = self._told()
        since = facts.get("since", WHOLE_TABLES)
        days = None if since == WHOLE_TABLES else touched_days(contract, facts.get("window"), self._run)
        # Whoever is shown the statement can ask it again: what the run touched does not change with the day.
        sql = stated(assertion_sql(contract, rule, touched=since != WHOLE_TABLES), utc_moment(since), days)
        clock = {"as_of": self._run.as_of.replace(tzinfo=None)}
        count, rows = failing(lambda statement: self._rows(statement, clock), sql)
        return CheckOutcome(contract.name, rule.code, rule.verdict, count, plain_rows(rows), sql)

    def preview(self, contract: Contract) -> list[Row]:
        """Return the first rows of a table by key, of the days that the run touched; see `Services.preview`."""
        order, days = ", ".join(f'"{k}"' for k in contract.key), self._touched(contract)
        listed = ", ".join(literal(day).sql("athena") for day in days or ())
        where = f'WHERE "{partition_day(contract)}" IN ({listed}) ' if days else ""
        sql = f"SELECT * FROM {contract.catalog_name} {where}ORDER BY {order} LIMIT {SAMPLE_ROWS}"
        return plain_rows(self._rows(sql))

    def spent(self, step: str) -> tuple[Usage, ...]:
        """Return what a step has used so far; see `Services.spent`."""
        return self._spent.get(step, ())

    def _use(self, step: str, usages: Iterable[Usage]) -> None:
        """Note in the run's folder what a step has used beside what it had used before."""
        used = tuple(usages)
        if used:
            self._spent[step] = add_usage(self._run, step, used).usages

    def _is_refresh_asked(self) -> bool:
        """Say whether the run was asked to build all gold tables whole."""
        return bool((self._run.read(REQUEST) or {}).get("full_refresh"))

    def _touched(self, contract: Contract) -> tuple[date, ...] | None:
        return touched_days(contract, self._told().get("window"), self._run)

    def _told(self) -> dict[str, Any]:
        """Return what the run's functions have told so far."""
        return self._run.read(FACTS) or {}

    def _guard(self) -> None:
        """Go on to a commit, unless another run has the pipeline or the process was asked to end."""
        self.hold().check()

    def _facts(self) -> dict[str, Any]:
        """Return what a task's braces stand for: installation, request, what functions gave, what the load refused."""
        asked, given = (self._run.read(piece) or {} for piece in (REQUEST, FACTS))
        loaded = self._run.report(LOAD, LoadReport)
        here = {
            "run_id": self._run.run_id,
            "engine": "",  # the services choose it themselves
            "job": "",  # Dagster knows it, and has refused what another job is to be asked
            "pipeline": self._place.pipeline,
            "lake": self._place.lake.root,
            "landing": self._place.landing,
            "source_timezone": self._place.zone,
            "refused": refused_key(self._run, loaded),
        }
        return here | asked | given


def plain_rows(rows: list[Row]) -> list[Row]:
    """Return rows with values that JSON holds: moments in ISO-8601 with a blank, text of what else it does not hold."""
    return [{name: _plain(value) for name, value in row.items()} for row in rows]


def _plain(value: Any) -> Any:  # noqa: ANN401 - any SQL value in, a JSON value out
    if isinstance(value, datetime):
        return value.isoformat(" ")
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)

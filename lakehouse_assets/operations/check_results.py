"""Read the latest result of every check in the graph from Dagster's history.

A check that was planned in a step that failed is `errored`; a step that was skipped changed nothing, and the result
before it stands. Not here: which record says something (`graph/check_history`), and how results are printed
(`check_formats`, `check_html`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from lakehouse_assets.errors import LakehouseError, TableMissing
from lakehouse_assets.operations import history
from lakehouse_assets.settings import Settings

if TYPE_CHECKING:
    from dagster import AssetCheckEvaluation, AssetCheckKey, AssetCheckSpec, DagsterInstance
    from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecord as Record

    from lakehouse_assets.graph.check_history import Found

READABLE = "readable"
"""Names the check that appears only when a table cannot be read."""
READ_BYTES = 64 * 1024**2
"""Limits the data files of a table that are read from end to end for it: half a second's work."""
PAST_RECORDS = 60
"""How many records of a check are looked at for its history."""
Status = Literal["passed", "failed", "errored", "running", "stale", "never run"]


@dataclass(frozen=True)
class Past:
    """Hold one result of a check: when, UTC; whether it passed, and if not, how many rows failed."""

    at: datetime
    passed: bool
    failing: int | None
    run_id: str


@dataclass(frozen=True)
class CheckState:
    """Hold one check and its latest result.

    Attributes:
        table: asset key, such as `silver/clean_readings`.
        status: passed; failed; errored (could not be computed); running; stale (the table changed after it); never run.
        passed: what the last result said, also when it is stale; None without a result.
        blocking: whether a failure stops the run.
        severity: of the last result, ERROR or WARN; None without one.
        failing: rows that failed, where the check counts them.
        at: when the result came, UTC.
        sample: some failing rows, as text.
        sql: what found them, where it is a query.
        history: its results until then, the newest first, each once; empty where nobody asked for it.
    """

    table: str
    check: str
    status: Status
    description: str
    blocking: bool
    passed: bool | None = None
    severity: str | None = None
    failing: int | None = None
    at: datetime | None = None
    run_id: str | None = None
    sample: list[dict[str, str]] = field(default_factory=list)
    sql: str | None = None
    history: list[Past] = field(default_factory=list)

    @property
    def word(self) -> str:
        """Return the status for people: a check that is not passed and stops nothing has warned."""
        return "warned" if self.status == "failed" and self.is_good else self.status

    @property
    def is_required(self) -> bool:
        """Say whether the check must be good for its table to be relied on: it blocks, or its severity is ERROR."""
        return self.blocking or self.severity == "ERROR"

    @property
    def is_good(self) -> bool:
        """Say whether the check is passed and current, or not required."""
        return self.status == "passed" or not self.is_required

    def to_dict(self) -> dict[str, Any]:
        """Return the state ready for JSON."""
        at = self.at and self.at.isoformat()
        history = [asdict(past) | {"at": past.at.isoformat()} for past in self.history]
        return asdict(self) | {"at": at, "history": history, "is_required": self.is_required, "is_good": self.is_good}


def read_states(settings: Settings, names: tuple[str, ...], *, past: bool = False) -> list[CheckState]:
    """Return all checks of some pipelines, sorted by table and name; all are `never run` where there is no history.

    Args:
        settings: whose lake and history.
        names: the pipelines.
        past: whether each comes with its history.
    """
    from lakehouse_assets.code_location import build_definitions
    from lakehouse_assets.operations.unbuilt import unbuilt
    from lakehouse_assets.pipelines import pipeline_of

    graph = build_definitions(settings, [pipeline_of(name) for name in names]).resolve_asset_graph()
    specs = {key: graph.get_check_spec(key) for key in sorted(graph.asset_check_keys, key=str)}
    if not history.is_begun(settings):
        states = [_never(key, spec) for key, spec in specs.items()]
    else:
        with history.instance(settings, reading=True) as instance:
            latest = instance.event_log_storage.get_latest_asset_check_execution_by_key(list(specs))
            states = [_state(instance, key, spec, latest.get(key)) for key, spec in specs.items()]
            if past:
                states = [replace(one, history=_past(instance, key)) for one, key in zip(states, specs, strict=True)]
            states += unbuilt(settings, instance, names)
    return sorted([*states, *unreadable(settings, names, states)], key=lambda state: (state.table, state.check))


def unreadable(settings: Settings, names: Iterable[str], states: Iterable[CheckState]) -> list[CheckState]:
    """Return a failed check for each table that cannot be read now, whatever was known of it.

    A table that is not there is one of these when any of its checks has a result, or when runs have written it. Bytes
    of data files are read too, but of large tables only those that say what is in a file; S3 has checksums of its own.

    Args:
        settings: whose lake.
        names: the pipelines.
        states: what is known of the checks.
    """
    from lakehouse_assets.contracts import contracts
    from lakehouse_assets.contracts.layers import stored_tables
    from lakehouse_assets.engines.spoilt_files import spoilt
    from lakehouse_assets.graph.metadata import asset_key
    from lakehouse_assets.load.soundness import LOST, damaged, unsound
    from lakehouse_assets.storage.lake import lake_of

    lake, known = lake_of(settings), {state.table for state in states if state.at}
    # Control tables have no checks of their own; only the ledger, or else the archive, tells that there were some.
    lost, found = cache(lambda name: unsound(contracts(name), name, lake)), []
    stored = [(name, contract) for name in names for contract in stored_tables(contracts(name).values()).values()]
    for name, contract in stored:
        table = "/".join(asset_key(contract).path)
        try:
            lake.require_whole(contract)
            damage = None if lake.is_in_s3 else spoilt(contract, lake, READ_BYTES)
            problem = str(damaged(contract, damage, name)) if damage else None
        except TableMissing:
            is_lost = table in known or (contract.layer == "control" and contract in lost(name))
            problem = str(damaged(contract, LOST, name)) if is_lost else None
        except LakehouseError as error:
            problem = str(error)
        if problem:
            at = datetime.now(UTC)
            found.append(CheckState(table, READABLE, "errored", problem, blocking=True, severity="ERROR", at=at))
    return found


def _never(key: AssetCheckKey, spec: AssetCheckSpec) -> CheckState:
    return CheckState("/".join(key.asset_key.path), key.name, "never run", spec.description or "", spec.blocking)


def _state(instance: DagsterInstance, key: AssetCheckKey, spec: AssetCheckSpec, record: Record | None) -> CheckState:
    from lakehouse_assets.graph.check_history import evaluation_of, found, is_skipped, latest_record
    from lakehouse_assets.graph.deadlines import OF_TIME

    known = latest_record(instance, key) if record is not None and is_skipped(instance, record) else record
    if known is None:
        return _never(key, spec)
    evaluation, base = evaluation_of(known), asdict(_never(key, spec))
    if evaluation is None:
        run = instance.get_run_by_id(known.run_id)
        status = "errored" if run is None or run.is_finished else "running"
        at = datetime.fromtimestamp(known.create_timestamp, UTC)
        return CheckState(**base | {"status": status, "run_id": known.run_id, "at": at})
    where = found(known, evaluation)
    is_of_rows = OF_TIME not in (spec.metadata or {})
    status = "stale" if is_of_rows and _is_stale(instance, key, where) else "passed" if evaluation.passed else "failed"
    at = datetime.fromtimestamp(where.at, UTC)
    return CheckState(**base | _facts(evaluation) | {"status": status, "run_id": where.run_id, "at": at})


def _past(instance: DagsterInstance, key: AssetCheckKey) -> list[Past]:
    """Return the results of a check that were found anew, the newest first; those only said again are left out."""
    from lakehouse_assets.graph.check_history import evaluation_of, found

    results = []
    for record in instance.event_log_storage.get_asset_check_execution_history(key, limit=PAST_RECORDS):
        evaluation = evaluation_of(record)
        if evaluation is None:
            continue
        where, failing = found(record, evaluation), _facts(evaluation)["failing"]
        results.append(Past(datetime.fromtimestamp(where.at, UTC), evaluation.passed, failing, where.run_id))
    return list({(one.at, one.run_id): one for one in results}.values())


def _is_stale(instance: DagsterInstance, key: AssetCheckKey, where: Found) -> bool:
    """Say whether a later run than the result's has materialized the table."""
    latest = instance.get_latest_materialization_event(key.asset_key)
    return latest is not None and latest.run_id != where.run_id and latest.timestamp > where.at


def _facts(evaluation: AssetCheckEvaluation) -> dict[str, Any]:
    """Return what the result carries; the checks of this project write `failing`, `sample` and `sql`."""
    found = {name: value.value for name, value in evaluation.metadata.items()}
    sample = getattr(evaluation.metadata.get("sample"), "records", None) or []
    sql = found.get("sql")
    told = {} if evaluation.passed or not evaluation.description else {"description": evaluation.description}
    return told | {
        "passed": evaluation.passed,
        "severity": evaluation.severity.value,
        "failing": found.get("failing"),
        "sample": [{name: str(value) for name, value in row.data.items()} for row in sample],
        "sql": None if sql is None else str(sql).removeprefix("```sql\n").removesuffix("\n```"),
    }

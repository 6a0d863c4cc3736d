"""Record a run that has ended: its report in its own folder, and one entry in the lake's history, in both runtimes.

`history/<pipeline>/<ended_at>-<run id>.json` sorts by the end of the run. An entry is written once and never replaced;
a recording that is repeated finds in the run's folder when the run ended, and so the same entry.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from lakehouse_assets.compute.failed_checks import FailedCheck, judged, load_checks
from lakehouse_assets.compute.judged import judged_checks
from lakehouse_assets.compute.reports import LOAD, REPORT, Failure, RunReport, compose
from lakehouse_assets.contracts import contracts
from lakehouse_assets.errors import PreconditionFailed
from lakehouse_assets.load.report import LoadReport
from lakehouse_assets.storage.objects import ObjectStore
from lakehouse_assets.storage.records import Tell, log, records
from lakehouse_assets.storage.runs import RunFolder

DAYS = 30
"""How many days of entries are listed day by day; from more on all are."""
LISTS = ("refused_files", "refusals", "skipped_files", "extra_columns", "left", "left_alone", "given_back", "hints")
"""Name the parts of a report that grow with files; an entry leaves them to the report in the run's folder."""


@dataclass(frozen=True)
class Ended:
    """Hold how a run of a state machine ended, beside what its steps left in its folder.

    Attributes:
        failure: None when it went well.
        execution: ARN.
        link: where people see it.
        started_at: ISO-8601; empty where it is not known.
        tick: the moment of the schedule's tick that it was for, ISO-8601.
        job: the job that the machine was made of.
    """

    failure: Failure | None = None
    execution: str = ""
    link: str = ""
    started_at: str = ""
    tick: str | None = None
    job: str = ""


def machine_report(folder: RunFolder, ended: Ended) -> RunReport:
    """Compose the report of a run that a state machine made."""
    known = contracts(folder.pipeline).values()
    silver, gold = (sorted(c.name for c in known if c.layer == layer) for layer in ("silver", "gold"))
    return replace(
        compose(folder, silver, gold, ended.failure),
        runtime="stepfunctions",
        execution=ended.execution,
        link=ended.link,
        job=ended.job,
        tick=ended.tick,
        started_at=ended.started_at,
    )


def checks_not_passed(folder: RunFolder) -> tuple[FailedCheck, ...]:
    """Return the checks of a machine's run that did not pass: the load's own, and those that its steps judged."""
    load = folder.report(LOAD, LoadReport)
    own = load_checks(folder.pipeline, load) if load else ()
    return (*own, *judged(folder.pipeline, judged_checks(folder)))


def record(folder: RunFolder, report: RunReport, *, run_id: str = "") -> RunReport:
    """Keep the report in the run's folder and write the run's entry in the history once; return the report as kept.

    Args:
        folder: of the run.
        report: of the run; when it ended is added unless it is known.
        run_id: the run's own id, where it works in the folder of the one that it repeats.
    """
    entry, name = f"recorded-{run_id or folder.run_id}", run_id or folder.run_id
    before = folder.read(entry)
    ended = before["ended_at"] if before else report.ended_at or datetime.now(UTC).isoformat()
    kept = replace(report, ended_at=ended)
    folder.keep(REPORT, kept)
    key = history_key(folder.pipeline, ended, name)
    if before is None:
        folder.write(entry, {"ended_at": ended, "key": key})
    data = {**kept.to_dict(), "run_id": name, "folder": folder.run_id}
    try:
        folder.store.put(key, _written({n: v for n, v in data.items() if n not in LISTS}), if_absent=True)
    except PreconditionFailed:
        return kept  # it was recorded before
    return kept


def is_recorded(folder: RunFolder) -> bool:
    """Say whether the run has been recorded."""
    return folder.read(f"recorded-{folder.run_id}") is not None


def history_key(pipeline: str, ended_at: str, run_id: str) -> str:
    """Return the key of a run's entry; keys sort by the end of the run.

    >>> history_key("weather", "2026-11-26T09:00:01.250000+00:00", "r1")
    'history/weather/20261126T090001250000Z-r1.json'
    """
    return f"history/{pipeline}/{datetime.fromisoformat(ended_at).astimezone(UTC):%Y%m%dT%H%M%S%fZ}-{run_id}.json"


def entries(
    store: ObjectStore, pipeline: str, since: datetime | None = None, tell: Tell = log
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield key and content of a pipeline's entries by the end of their runs, those that ended since a moment.

    Args:
        store: the lake.
        pipeline: its name.
        since: the moment; None for all.
        tell: is told of each entry that cannot be read, and is passed over.
    """
    first = history_key(pipeline, since.isoformat(), "").removesuffix("-.json") if since else ""
    for prefix in _prefixes(f"history/{pipeline}/", since):
        yield from records(store, (one.key for one in store.list(prefix) if one.key >= first), entry_of, tell)


def entry_of(value: dict[str, Any]) -> dict[str, Any]:
    """Return an entry as it was read.

    Raises:
        KeyError, TypeError, ValueError: it is none.
    """
    _ = datetime.fromisoformat(value["ended_at"]), value["run_id"]
    return value


def _prefixes(folder: str, since: datetime | None) -> list[str]:
    """Return what begins the keys since a moment: days where these are few, so that a year is not listed each time.

    A clock that is ahead writes entries of tomorrow.
    """
    days = (datetime.now(UTC).date() - since.astimezone(UTC).date()).days if since else DAYS
    if since is None or not 0 <= days < DAYS:
        return [folder]
    return [f"{folder}{since.astimezone(UTC) + timedelta(days=number):%Y%m%d}T" for number in range(days + 2)]


def _written(value: Mapping[str, Any]) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS, default=_plain)


def _plain(value: object) -> object:
    return list(value) if isinstance(value, Iterable) else str(value)

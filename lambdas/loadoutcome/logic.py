"""The load's report, reduced to what a machine may carry: its state is limited to 256 KiB.

https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
Here: which files were refused, and what people are told of the load, in the words of `compute.alerts`. Not here: when
they are told (the machine does) and how a failed load is told (it has no report).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lakehouse_assets.compute.alerts import LISTED, FailedCheck
from lakehouse_assets.compute.runs import RunFolder
from lakehouse_assets.contracts import contracts
from lakehouse_assets.errors import ObjectMissing

LINE_CHARS = 1000
"""Of one line of a message; a key alone may be as long."""


def outcome(folder: RunFolder) -> dict[str, Any]:
    """What the load left: keys of refused files, and as text what people are told, empty when there is nothing.

    Returns: refused (keys), refusals (text: why each was refused), warnings (text: checks of the load that did not
    pass, rejects by code among them).

    Raises:
        ObjectMissing: the load of this run has not reported.
    """
    report = folder.read("load")
    if report is None:
        raise ObjectMissing(key=folder.key("load"), store=folder.store.uri)
    refusals: Mapping[str, str] = report["refused_files"]
    warned = sorted(check.line for check in failed_checks(folder.pipeline, report))
    return {
        "refused": sorted(refusals),
        "refusals": listed([refusals[key] for key in sorted(refusals)]),
        "warnings": listed(warned),
    }


def failed_checks(pipeline: str, report: Mapping[str, Any]) -> Iterator[FailedCheck]:
    """Checks that the load itself answers and that did not pass; all of them warn, as what must hold fails the load."""
    words = _words(pipeline)
    for table, part in report["tables"].items():
        if part["rejects"]:
            codes = ", ".join(f"{code} {count}" for code, count in sorted(part["rejects"].items()))
            rows = part["counts"]["rejected"]
            yield FailedCheck(table, "rejects", "WARN", rows, f"rejected {rows}, by code: {codes}")
        for code, count in part["warnings"].items():
            yield _warned(words, table, code, count)
    for check in report["checks"]:
        if check["failing"]:
            yield _warned(words, check["table"], check["check"], check["failing"])


def listed(lines: Sequence[str]) -> str:
    """Lines as a list that fits a message; the rest is counted."""
    more = [f"- and {len(lines) - LISTED} more"] if len(lines) > LISTED else []
    return "\n".join([*(f"- {line[:LINE_CHARS]}" for line in lines[:LISTED]), *more])


def _warned(words: Mapping[tuple[str, str], str], table: str, code: str, count: int) -> FailedCheck:
    return FailedCheck(table, code, "WARN", count, f"rows {count}: {words.get((table, code), '')}".rstrip(": "))


def _words(pipeline: str) -> dict[tuple[str, str], str]:
    """What each rule says, by table and code."""
    return {(c.name, rule.code): rule.description for c in contracts(pipeline).values() for rule in c.rules}

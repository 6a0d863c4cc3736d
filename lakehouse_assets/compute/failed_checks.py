"""List the checks that did not pass as people read them: a line each, in lists that fit a message.

Belongs here: the load's own checks from its report. Not here: which messages a run calls for (`alerts`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lakehouse_assets.compute.judged import JudgedCheck
from lakehouse_assets.load.report import LoadReport

if TYPE_CHECKING:
    from lakehouse_assets.contracts import Rule

LISTED = 20
"""Limits the checks and files named in one message; the rest is counted."""
LINE_CHARS = 1000
"""Limits the characters of one line of a message; a key alone may be as long."""


@dataclass(frozen=True)
class FailedCheck:
    """Hold a check that did not pass: table, check, severity (ERROR or WARN), failing rows, what it found in words."""

    table: str
    check: str
    severity: str
    failing: int | None = None
    description: str = ""

    @property
    def line(self) -> str:
        """Return the check in one line."""
        return f"{self.severity} {self.table}.{self.check}: {self.description}".rstrip(": ")


def listed(lines: Sequence[str]) -> str:
    """Return lines as a list that fits a message; the rest is counted."""
    more = [f"- and {len(lines) - LISTED} more"] if len(lines) > LISTED else []
    return "\n".join([*(f"- {line[:LINE_CHARS]}" for line in lines[:LISTED]), *more])


def load_checks(pipeline: str, report: LoadReport) -> Iterator[FailedCheck]:
    """Yield the checks that the load answers and that did not pass; all warn, as what must hold fails the load."""
    for table, part in report.tables.items():
        if part.rejects:
            codes = ", ".join(f"{code} {count}" for code, count in sorted(part.rejects.items()))
            rows = part.counts.rejected
            yield FailedCheck(table, "rejects", "WARN", rows, f"rejected {rows}, by code: {codes}")
    warned = [(table, code, count) for table, part in report.tables.items() for code, count in part.warnings.items()]
    warned += [(check.table, check.check, check.failing) for check in report.checks if check.failing]
    # Contracts are read when there is something to say of one.
    words = _words(pipeline) if warned else {}
    yield from (_warned(words, *found) for found in warned)


def judged(pipeline: str, checks: Iterable[JudgedCheck]) -> Iterator[FailedCheck]:
    """Yield those of a machine's checks that did not pass, in the words of Dagster's."""
    wrong = [check for check in checks if not check.passed]
    rules = _rules(pipeline) if wrong else {}
    for check in wrong:
        told = found_by(check, rules.get((check.table, check.check)))
        yield FailedCheck(check.table, check.check, "ERROR" if check.is_blocking else "WARN", check.failing, told)


def found_by(check: JudgedCheck, rule: Rule | None) -> str:
    """Say in words what a machine's check found; empty when it passed.

    Args:
        check: with its first rows.
        rule: what was asked; None for one that no contract has any more.
    """
    if check.error:
        return f"could not be asked: {check.error}"
    return broken(rule, check.failing, check.rows) or ""


def broken(rule: Rule | None, failing: int, rows: Sequence[Mapping[str, object]]) -> str | None:
    """Say in words what an assertion found, whoever asked it; None where nothing is wrong.

    Args:
        rule: what was asked; None for one that no contract has any more.
        failing: rows that it found.
        rows: the first of them.
    """
    # Contracts are imported when there is something to say of one.
    from lakehouse_assets.contracts.checks import in_words

    if not failing:
        return None
    count = f"{failing} row" if failing == 1 else f"{failing} rows"
    found = in_words(rule, rows) if rule else None
    return found or f"broken by {count}: {rule.description if rule else ''}".rstrip(": ")


def _warned(words: Mapping[tuple[str, str], str], table: str, code: str, count: int) -> FailedCheck:
    return FailedCheck(table, code, "WARN", count, f"rows {count}: {words.get((table, code), '')}".rstrip(": "))


def _words(pipeline: str) -> dict[tuple[str, str], str]:
    """Return what each rule says, by table and code."""
    return {name: rule.description for name, rule in _rules(pipeline).items()}


def _rules(pipeline: str) -> dict[tuple[str, str], Rule]:
    from lakehouse_assets.contracts import contracts

    return {(c.name, rule.code): rule for c in contracts(pipeline).values() for rule in c.rules}

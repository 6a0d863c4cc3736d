"""Write check states as JSON and as JUnit XML, for machines; both are made from values, nothing is read here."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from xml.etree import ElementTree as ET

import orjson

from lakehouse_assets.operations.check_results import CheckState

NO_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""XML 1.0 cannot hold these characters: https://www.w3.org/TR/xml/#charsets"""


def verdict(states: Sequence[CheckState]) -> str:
    """Sum up all checks in one sentence.

    >>> verdict([CheckState("a", "keys", "passed", "", True), CheckState("a", "age", "failed", "", False)])
    'ok: 1 passed, 1 warned'
    """
    counts = Counter(state.word for state in states)
    bad = sum(not state.is_good for state in states)
    word = "ok" if not bad else f"not ok, {bad} required checks are not passed and current"
    return f"{word}: " + ", ".join(f"{count} {word}" for word, count in counts.most_common())


def to_json(states: Sequence[CheckState]) -> str:
    """Return a JSON object with `ok`, the counts by status, and the checks."""
    document = {
        "ok": all(state.is_good for state in states),
        "counts": dict(Counter(state.status for state in states)),
        "checks": [state.to_dict() for state in states],
    }
    return orjson.dumps(document, option=orjson.OPT_INDENT_2).decode()


def to_junit(states: Sequence[CheckState]) -> str:
    """Return JUnit XML, a suite per table; a required check that is not good fails or errs, a warning is `skipped`."""
    root = ET.Element("testsuites", {"name": "lakehouse checks", **_totals(states)})
    for table in dict.fromkeys(state.table for state in states):
        own = [state for state in states if state.table == table]
        suite = ET.SubElement(root, "testsuite", {"name": table, **_totals(own)})
        for state in own:
            _case(suite, state)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode")


def _totals(states: Sequence[CheckState]) -> dict[str, str]:
    kinds = Counter(_kind(state) for state in states)
    counts = {"tests": len(states), "failures": kinds["failure"], "errors": kinds["error"], "skipped": kinds["skipped"]}
    return {name: str(count) for name, count in counts.items()}


def _kind(state: CheckState) -> str | None:
    if state.status == "passed":
        return None
    if state.is_good:
        return "skipped"
    return "error" if state.status == "errored" else "failure"


def _case(suite: ET.Element, state: CheckState) -> None:
    case = ET.SubElement(suite, "testcase", classname=state.table, name=state.check)
    kind = _kind(state)
    if kind is not None:
        rows = "" if state.failing is None else f", {state.failing} failing rows"
        detail = ET.SubElement(case, kind, message=_clean(f"{state.status}{rows}: {state.description}"))
        detail.text = _clean("\n".join([*(str(row) for row in state.sample), state.sql or ""]).strip())


def _clean(text: str) -> str:
    return NO_XML.sub("\N{REPLACEMENT CHARACTER}", text)

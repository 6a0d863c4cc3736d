"""Find the sentence in what a service says of a failure: machines hand on a service's JSON whole, or what fits of it.

A `Cause` has 32,768 characters at most, https://docs.aws.amazon.com/step-functions/latest/apireference/API_EvaluationFailedEventDetails.html,
so a long statement of SQL may have pushed the reason out of it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from lakehouse_assets.core.shown import clipped

SENTENCE_CHARS = 1000
"""Limits a sentence; a library's own may hold a whole file."""
REASONS = ("errorMessage", "ErrorMessage", "StateChangeReason")
"""Name the fields in which Lambda, Glue and Athena give a reason."""
NAMED = re.compile(r"(?:^|[;:]\s*|\s)([A-Z][A-Za-z]*(?:\.[A-Z][A-Za-z]*)*): (\S.*)", re.DOTALL)
"""Matches `NameOfAnError: sentence`, also behind a category such as Glue puts in front."""
PREFIXES = re.compile(
    r"^\s*(?:Error Category: \w+;\s*|SystemExit: |Failed Line Number: \d+;\s*|Spark Error Class: \w+;\s*)+"
)
"""Matches what Glue puts before a job's own last words."""
CUT = re.compile(rf'"(?:{"|".join(REASONS)})"\s*:\s*"((?:[^"\\]|\\.)*)')
QUERY = re.compile(r'"QueryExecutionId"\s*:\s*"([^"]+)"')


def cause_of(text: str | None, error: str | None = None) -> tuple[str, str]:
    """Return the name of the error and its sentence out of a failure's cause.

    Args:
        text: the cause: JSON of a Glue job run, an Athena query or a Lambda function, whole or cut off, or plain text.
        error: the error's name as the machine has it, which says little of one: `States.TaskFailed`.

    >>> cause_of('{"JobRunState": "FAILED", "ErrorMessage": "LeaseHeld: another run holds it"}', "States.TaskFailed")
    ('LeaseHeld', 'another run holds it')
    """
    known, said = _read(text or "")
    name, sentence = _named(PREFIXES.sub("", said))
    chosen = known or name or error or "Unknown"
    return chosen, clipped(" ".join(sentence.split()) or "no cause was given", SENTENCE_CHARS)


def _read(text: str) -> tuple[str, str]:
    """Return the class of the error, where the service tells it apart, and the reason."""
    try:
        found = json.loads(text)
    except ValueError:
        return "", _cut_off(text)
    if not isinstance(found, Mapping):
        return "", str(found)
    for part in _parts(found):
        for field in REASONS:
            if isinstance(part.get(field), str) and part[field].strip():
                return str(part.get("errorType") or ""), part[field]
    state = next((part["JobRunState"] for part in _parts(found) if part.get("JobRunState")), "")
    return "", f"the job run ended as {state}" if state else text


def _parts(found: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield an answer and the objects in it that may hold a reason, those nearest to it first."""
    yield found
    for name in ("JobRun", "QueryExecution", "Status", "AthenaError"):
        if isinstance(found.get(name), Mapping):
            yield from _parts(found[name])


def _cut_off(text: str) -> str:
    """Return the reason in text that is no JSON: plain words, or the beginning of what was too long."""
    reason = CUT.search(text)
    if reason:
        return re.sub(r'\\(["\\/])', r"\1", reason[1].replace("\\n", " "))
    if text.lstrip().startswith("{"):
        query = QUERY.search(text)
        where = f" `{query[1]}`" if query else ""
        return f"the service's answer was too long to hold its reason; look at the query or job{where} itself"
    return text


def _named(said: str) -> tuple[str, str]:
    """Return the name of an error of ours that begins a reason, and the sentence behind it."""
    found = NAMED.match(said)
    return (found[1], found[2]) if found and not found[1].startswith(("SQL", "HTTP")) else ("", said)

"""Write JSONata that reads the cause of a failure: the sentence in it, and the error's own name.

A service hands on what failed inside its own JSON, of which the sentence is one value; its key is looked for, so that
neither arguments of a job nor SQL beside it can pass for it: inside JSON their quotes are escaped. Nothing here fails,
whatever the text is, since a Choice and a Pass have no Catch. The counterpart in Python is `compute/causes.py`.
"""

from __future__ import annotations

from collections.abc import Collection

from stepfunctions.jsonata import quoted

TEXT = r'"(?:[^"\x5c\x00-\x1f]|\x5c["\x5c\x2fbfnrt]|\x5cu[0-9a-fA-F]{4})*"'
"""A text of JSON. JSONata ends a regular expression at the first slash and counts brackets, so neither stands in it."""
TASK_FAILED = "States.TaskFailed"
"""Names the error of a job or a query that ran and failed, whatever the reason was."""
_KEYS = "errorMessage|ErrorMessage|StateChangeReason"
"""Keys of the sentence: of a Lambda function, a Glue job's run and an Athena query's execution."""
_BEFORE = r"(?:Error Category: [A-Z_]+; )?(?:Failed Line Number: [0-9]+; )?(?:SystemExit: )?(?:\[ErrorCode: )?"
"""What Glue may put before the text with which a job ends, and Athena before the name of an error of its own."""


def sentence(cause: str) -> str:
    """Return JSONata for the sentence in a cause, which is the cause itself where it is no service's JSON.

    Args:
        cause: JSONata for the cause.
    """
    found = rf'$match({cause}, /"(?:{_KEYS})"\s*:\s*({TEXT})/)[0]'
    return f"($found := {found}; $exists($found) ? $parse($found.groups[0]) : {cause})"


def own_name(cause: str) -> str:
    """Return JSONata for the name with which the sentence in a cause begins; no value where it begins with none.

    Args:
        cause: JSONata for the cause.
    """
    return rf"$match({sentence(cause)}, /^{_BEFORE}([A-Za-z_]+)(?:: |\])/)[0].groups[0]"


def ended_as(error: str, cause: str) -> str:
    """Return JSONata for the name under which an execution ends, so that it is the same whichever service failed.

    A function's error has its own name already; of a job or a query the machine knows that it failed. `FAILED`, which
    Athena puts before some sentences, says no more than that.

    Args:
        error: JSONata for the error's name as the machine has it.
        cause: JSONata for its cause.
    """
    found = f"($name := {own_name(cause)}; $exists($name) and $name != {quoted('FAILED')} ? $name : {error})"
    return f"{error} = {quoted(TASK_FAILED)} ? {found} : {error}"


def one_of(names: Collection[str]) -> str:
    """Return a JSONata array of these texts, in order.

    >>> one_of({"LeaseHeld", "CommitConflict"})
    '["CommitConflict", "LeaseHeld"]'
    """
    return f"[{', '.join(quoted(name) for name in sorted(names))}]"

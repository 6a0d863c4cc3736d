"""Write JSONata as text: expressions, literals, and variables in place of a task's braces.

https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from string import Formatter
from typing import Any

from lakehouse_assets.errors import EmissionInvalid

INPUT = "{% $states.input %}"
ANSWER = "{% $states.result.Payload %}"
"""JSONata for what a Lambda function returned."""
STATE = "<state>"
"""Stands for the name of the state that has failed; no name and no JSONata holds this text."""
MOST_CHARS = 30_000
"""Limits a cause that a Fail state is given; the service takes 32,768 characters."""
NO_CAUSE = "no cause was given"
WHERE = "in {state}: "
"""Begins the cause with which a branch fails, so that the state that it is a branch of can say where that was."""

WHY = f'($exists($states.errorOutput.Cause) ? $states.errorOutput.Cause : "{NO_CAUSE}")'
"""JSONata for the cause that came with an error; a time-out has none."""
CAUGHT = f'{{% {{"State": "{STATE}", "Error": $states.errorOutput.Error, "Cause": {WHY}}} %}}'
"""JSONata for the error that was caught: `{State, Error, Cause}`."""
CAUGHT_IN_BRANCH = (
    f"{{% ($cause := {WHY}; $in := $match($cause, /^in ([A-Za-z0-9]+): /)[0]; "
    f'{{"State": $exists($in) ? $in.groups[0] : "{STATE}", "Error": $states.errorOutput.Error, '
    '"Cause": $exists($in) ? $substring($cause, $length($in.match)) : $cause}) %}'
)
"""JSONata for the error of a branch: `{State, Error, Cause}` of the state in it that has failed."""


def expression(text: str) -> str:
    """Return JSONata as a value of the States Language.

    >>> expression("$run_id")
    '{% $run_id %}'
    """
    return f"{{% {text} %}}"


def quoted(text: str) -> str:
    r"""Return a text literal of JSONata.

    >>> print(quoted('say "1"'))
    "say \"1\""
    """
    return json.dumps(text, ensure_ascii=False)


def template(
    value: Any,  # noqa: ANN401 - JSON in, JSON out
    facts: Collection[str],
    machine: str,
    spelled: Mapping[str, str] | None = None,
) -> Any:  # noqa: ANN401 - as above
    """Return a task's values with variables in place of the braces; `compute.tasks.fill` is the counterpart.

    Args:
        value: of the task.
        facts: that are known as variables.
        machine: whose task it is.
        spelled: JSONata for facts that are no variables, by name.

    >>> template({"--run-id": "{run_id}", "--uri": "{lake}/{manifest}"}, ["run_id", "lake", "manifest"], "weather")
    {'--run-id': '{% $run_id %}', '--uri': '{% $lake & "/" & $manifest %}'}

    Raises:
        EmissionInvalid: the values need a fact that no state of the machine knows.
    """
    if isinstance(value, dict):
        return {key: template(item, facts, machine, spelled) for key, item in value.items()}
    if not isinstance(value, str):
        return value
    parts, other = list(Formatter().parse(value)), spelled or {}
    unknown = sorted({name for _, name, _, _ in parts if name is not None} - {*facts, *other})
    if unknown:
        raise EmissionInvalid(machine=machine, problem=f"`{value}` needs {', '.join(unknown)}, which no state knows")
    if all(name is None for _, name, _, _ in parts):
        return value
    pieces = [piece for text, name, _, _ in parts for piece in _pieces(text, name and other.get(name, f"${name}"))]
    return expression(" & ".join(pieces))


def _pieces(text: str, variable: str | None) -> list[str]:
    return [*([quoted(text)] if text else []), *([variable] if variable else [])]

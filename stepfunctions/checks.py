"""Make the states of a step of assertions: all are asked at once, then one choice judges them.

A branch never fails: its output says what was found, or why nothing could be asked, so that one message names
everything that is wrong. A blocking assertion then fails the run; a warning is told and the run goes on.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from lakehouse_assets.compute.tasks import CheckTask
from lakehouse_assets.contracts import Contract, Rule
from lakehouse_assets.contracts.checks import assertion_sql
from lakehouse_assets.errors import AssertionFailed, EmissionInvalid
from lakehouse_assets.load.report import SAMPLE_ROWS
from lakehouse_assets.sql.dialects import literal
from lakehouse_assets.sql.gold import assertion_statement
from stepfunctions import calls
from stepfunctions.builder import Block, Exits, MachineContext, named
from stepfunctions.calls import Transitions
from stepfunctions.jsonata import ERROR, expression, quoted
from stepfunctions.states import Branch, Catch, Choice, Parallel, Succeed
from stepfunctions.states import Rule as Way
from stepfunctions.steps import Step

MARK = datetime(9999, 12, 31, 23, 59, 59, 999999)  # noqa: DTZ001 - zone-less, as SQL's TIMESTAMP
"""Stands for the run's clock while a statement is written; no run has this time."""
CLOCK = "{as_of}"
"""Stands in the emitted statement where the run's clock goes."""
AS_OF = '$fromMillis($toMillis($as_of), "[Y0001]-[M01]-[D01] [H01]:[m01]:[s01].[f001]")'
"""JSONata that writes the run's clock in UTC as the text of a TIMESTAMP literal, and fails for anything but a time."""

BLOCKING, WRONG = 'verdict = "fail"', "failing > 0 or $exists(error)"
LINES = (
    f'$join($states.input[{WRONG}].("check `" & check & "` " & ($exists(error) '
    '? "could not be asked: " & error.Error & " " & $substring(error.Cause, 0, 500) '
    ': "failed, first rows:\\n" & $join(sample, "\\n"))), "\\n")'
)
"""JSONata that writes what is wrong, one paragraph for each check."""


def checks_block(step: Step, task: CheckTask, place: Exits, about: MachineContext) -> Block:
    """Make the states that ask all checks of a step, judge them, and warn when only warnings failed.

    Raises:
        EmissionInvalid: the task names a check that no contract has.
    """
    judge, warn = named("judge", step.key), named("warn", step.key)
    subject, told = f"{about.pipeline}: checks warn", Transitions(place.after, Catch(place.after))
    pairs = [_rule(about, table, code) for table, code in task.checks]
    branches = tuple(_branch(step, place, contract, rule) for contract, rule in pairs)
    return Block(
        step.key,
        {
            step.key: Parallel(branches, judge, Catch(place.failed)),
            judge: _judge(place, warn),
            warn: calls.message(about.pipeline, "checks_failed", subject, LINES, told),
        },
    )


def _rule(about: MachineContext, table: str, code: str) -> tuple[Contract, Rule]:
    contract = about.tables.get(table)
    for rule in contract.rules if contract else ():
        if contract and rule.code == code:
            return contract, rule
    raise EmissionInvalid(machine=about.pipeline, problem=f"no contract has the check `{table} {code}`")


def _branch(step: Step, place: Exits, contract: Contract, rule: Rule) -> Branch:
    """Make the branch of one check: query, fetch the first rows, end. An error is an outcome as well."""
    check = f"{contract.layer}.{contract.name} {rule.code}"
    ask, read, known = named("ask", check), named("read", check), named("end", check)
    facts = {"check": check, "verdict": rule.verdict}
    unknown = Catch(known, facts | {"error": ERROR})
    seconds = place.ways(step).timeout_seconds
    return Branch(
        ask,
        {
            ask: calls.query(statement(contract, rule), Transitions(read, unknown, seconds, step.retry)),
            read: calls.results(SAMPLE_ROWS, Transitions(known, unknown, policy=step.retry), facts | _found()),
            known: Succeed(),
        },
    )


def statement(contract: Contract, rule: Rule) -> str:
    """Return the assertion's SQL; where it needs the run's clock, JSONata that writes the clock into the SQL."""
    sql = assertion_statement(assertion_sql(contract, rule), {"as_of": MARK}).replace(literal(MARK).this.this, CLOCK)
    return expression(f"$replace({quoted(sql)}, {quoted(CLOCK)}, {AS_OF})") if CLOCK in sql else sql


def _found() -> dict[str, Any]:
    """Return JSONata for how many rows came below the header, and for all rows as text, header first."""
    cells = '$join([Data.($exists(VarCharValue) ? VarCharValue : "NULL")], " | ")'
    return {
        "failing": expression("$count($states.result.ResultSet.Rows) - 1"),
        "sample": expression(f"[$states.result.ResultSet.Rows.{cells}]"),
    }


def _judge(place: Exits, warn: str) -> Choice:
    unasked = f"$states.input[{BLOCKING} and $exists(error)]"
    failed = f"$states.input[{BLOCKING} and failing > 0]"
    cause = expression(LINES)
    return Choice(
        (
            _way(
                f"$count({unasked}) > 0",
                place.failed,
                {"Error": expression(f"{unasked}[0].error.Error"), "Cause": cause},
            ),
            _way(f"$count({failed}) > 0", place.failed, {"Error": AssertionFailed.__name__, "Cause": cause}),
            _way(f"$count($states.input[{WRONG}]) > 0", warn),
        ),
        default=place.after,
    )


def _way(condition: str, to: str, output: Any = None) -> Way:  # noqa: ANN401 - JSON
    return Way(expression(condition), to, output)

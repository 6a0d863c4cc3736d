"""Make the states of a step of assertions: all are asked at once, then one choice judges them.

A branch never fails: its output says what was found, or why nothing could be asked, so that one message names
everything that is wrong. A blocking assertion then fails the run; a warning is told and the run goes on.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from lakehouse_assets.compute.tasks import CheckTask
from lakehouse_assets.contracts import Contract, Rule
from lakehouse_assets.contracts.checks import WHOLE, assertion_sql
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

CLOCKS = {
    name: datetime(9999, 12, 31, 23, 59, second, 999999)  # noqa: DTZ001 - zone-less, as SQL's TIMESTAMP
    for name, second in (("as_of", 59), ("since", 58))
}
"""Maps the clocks of a run to the moments that stand for them while a statement is written; no run has such a time."""
MOMENT = '$fromMillis($toMillis(${}), "[Y0001]-[M01]-[D01] [H01]:[m01]:[s01].[f001]")'
"""JSONata that writes a clock in UTC as the text of a TIMESTAMP literal, and fails for anything but a time."""

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
    touched = "since" in about.facts
    branches = tuple(_branch(step, place, pair, statement(*pair, touched=touched)) for pair in pairs)
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


def _branch(step: Step, place: Exits, asked: tuple[Contract, Rule], sql: str) -> Branch:
    """Make the branch of one check: query, fetch the first rows, end. An error is an outcome as well."""
    contract, rule = asked
    check = f"{contract.layer}.{contract.name} {rule.code}"
    ask, read, known = named("ask", check), named("read", check), named("end", check)
    facts = {"check": check, "verdict": rule.verdict}
    unknown = Catch(known, facts | {"error": ERROR})
    seconds = place.ways(step).timeout_seconds
    return Branch(
        ask,
        {
            ask: calls.query(sql, Transitions(read, unknown, seconds, step.retry)),
            read: calls.results(SAMPLE_ROWS, Transitions(known, unknown, policy=step.retry), facts | _found()),
            known: Succeed(),
        },
    )


def statement(contract: Contract, rule: Rule, *, touched: bool = False) -> str:
    """Return the assertion's SQL; where it needs a clock of the run, JSONata that writes the clock into the SQL.

    Args:
        contract: the table.
        rule: the assertion.
        touched: whether the machine knows `$since`, so that only what came since is asked of where that can be told.
    """
    sql = assertion_statement(assertion_sql(contract, rule, touched=touched), {**CLOCKS, **WHOLE})
    used = [name for name, moment in CLOCKS.items() if literal(moment).this.this in sql]
    for name in used:
        sql = sql.replace(literal(CLOCKS[name]).this.this, f"{{{name}}}")
    text = quoted(sql)
    for name in used:
        text = f"$replace({text}, {quoted(f'{{{name}}}')}, {MOMENT.format(name)})"
    return expression(text) if used else sql


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

"""Make the states of a step of assertions: all are asked at once, then a function judges them.

A branch never fails: its output says what was found, or why nothing could be asked, so that the function keeps every
outcome and names everything that is wrong. It fails when a blocking assertion did; a warning lets the run go on.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from lakehouse_assets.compute.judged import BETWEEN
from lakehouse_assets.compute.tasks import CheckTask
from lakehouse_assets.contracts import Contract, Rule
from lakehouse_assets.contracts.checks import WHOLE, assertion_sql
from lakehouse_assets.errors import BadRequest, EmissionInvalid
from lakehouse_assets.load.report import SAMPLE_ROWS
from lakehouse_assets.sql.dialects import literal
from lakehouse_assets.sql.gold import assertion_statement
from lakehouse_assets.sql.zones import OF_RUN
from stepfunctions import calls
from stepfunctions.builder import Block, Exits, MachineContext, named
from stepfunctions.calls import STATISTICS, Transitions
from stepfunctions.causes import sentence
from stepfunctions.jsonata import INPUT, NO_CAUSE, expression, quoted
from stepfunctions.states import Branch, Catch, Parallel, Succeed
from stepfunctions.steps import Step

CLOCKS = {
    name: datetime(9999, 12, 31, 23, 59, second, 999999)  # noqa: DTZ001 - zone-less, as SQL's TIMESTAMP
    for name, second in (("as_of", 59), ("since", 58))
}
"""Maps the clocks of a run to the moments that stand for them while a statement is written; no run has such a time."""
MOMENT = '$fromMillis($toMillis(${}), "[Y0001]-[M01]-[D01] [H01]:[m01]:[s01].[f001]")'
"""JSONata that writes a clock in UTC as the text of a TIMESTAMP literal, and fails for anything but a time."""

JUDGE_SECONDS, READ_SECONDS = 300, 300
CELL_CHARS, ROW_CHARS, CAUSE_CHARS = 200, 800, 1_000
"""Limit what a row that failed, and the cause of a check that could not be asked, may have in a state."""
STEP_CHARS = 60_000
"""Limits the texts of all checks of a step together, which are one state; a character may be three bytes of UTF-8."""


def checks_block(step: Step, task: CheckTask, place: Exits, about: MachineContext) -> Block:
    """Make the states that ask all checks of a step, and the one that judges and keeps what they found.

    Raises:
        EmissionInvalid: the task names a check that no contract has.
    """
    name, judge = about.named("RunAthenaValidation", step), about.named("JudgeAthenaValidation", step)
    pairs = [_rule(about, table, code) for table, code in task.checks]
    touched = "since" in about.facts
    chars = STEP_CHARS // max(1, len(pairs))
    branches = tuple(_branch(step, place, pair, statement(*pair, touched=touched), about, chars) for pair in pairs)
    outcomes = {"step": step.key, "outcomes": INPUT}
    return Block(
        name,
        {
            name: Parallel(branches, judge, place.failed),
            judge: calls.function(
                "JudgeChecks", outcomes, place.ways(step, about, None, JUDGE_SECONDS), {"done": True}
            ),
        },
    )


def _rule(about: MachineContext, table: str, code: str) -> tuple[Contract, Rule]:
    contract = about.tables.get(table)
    for rule in contract.rules if contract else ():
        if contract and rule.code == code:
            return contract, rule
    raise EmissionInvalid(machine=about.pipeline, problem=f"no contract has the check `{table} {code}`")


def _branch(
    step: Step, place: Exits, asked: tuple[Contract, Rule], sql: str, about: MachineContext, chars: int
) -> Branch:
    """Make the branch of one check: query, fetch the first rows, end. An error is an outcome as well."""
    contract, rule = asked
    check = f"{contract.layer}.{contract.name} {rule.code}"
    ask, read, known = named("Ask", check), named("Read", check), named("End", check)
    facts = {"check": check, "verdict": rule.verdict}
    unknown = Catch(known, facts | {"failing": 0, "sample": [], "error": _error(min(CAUSE_CHARS, chars))})
    asking, reading = (
        Transitions(to, unknown, seconds, step.retry, about.patience_seconds)
        for to, seconds in ((read, place.ways(step, about).timeout_seconds), (known, READ_SECONDS))
    )
    return Branch(
        ask,
        {
            ask: calls.query(sql, asking, _ASKED),
            read: calls.results(SAMPLE_ROWS, reading, facts | _found(min(ROW_CHARS, chars // (SAMPLE_ROWS + 1)))),
            known: Succeed(),
        },
    )


def statement(contract: Contract, rule: Rule, *, touched: bool = False) -> str:
    """Return the assertion's SQL; where it needs the run's clock or zone, JSONata that writes them into the SQL.

    Args:
        contract: the table.
        rule: the assertion.
        touched: whether the machine knows `$since`, so that only what came since is asked of where that can be told.

    Raises:
        EmissionInvalid: the assertion reads text as times of the source's zone.
    """
    try:
        sql = assertion_statement(assertion_sql(contract, rule, touched=touched), {**CLOCKS, **WHOLE}, zone=OF_RUN)
    except BadRequest as error:
        raise EmissionInvalid(machine=f"{contract.name}.{rule.code}", problem=str(error)) from error
    for name, moment in CLOCKS.items():
        sql = sql.replace(literal(moment).this.this, f"{{{name}}}")
    told = {f"{{{name}}}": MOMENT.format(name) for name in CLOCKS} | {OF_RUN: "$source_timezone"}
    text = quoted(sql)
    for mark, value in told.items():
        if mark in sql:
            text = f"$replace({text}, {quoted(mark)}, {value})"
    return expression(text) if any(mark in sql for mark in told) else sql


def _error(chars: int) -> dict[str, str]:
    """Return JSONata for why a check could not be asked; a cause holds the whole SQL, and there may be many checks."""
    caught = "$states.errorOutput.Cause"
    cause = f"$exists({caught}) ? $substring({sentence(caught)}, 0, {chars}) : {quoted(NO_CAUSE)}"
    return {"Error": "{% $states.errorOutput.Error %}", "Cause": expression(cause)}


_ASKED = {
    "QueryExecution": {
        "QueryExecutionId": expression("$states.result.QueryExecution.QueryExecutionId"),
        "Statistics": STATISTICS,
    }
}


def _found(chars: int) -> dict[str, Any]:
    """Return JSONata for how many rows came below the header, for all rows as text, header first, and for the cost."""
    cell = f'($exists(VarCharValue) ? $substring(VarCharValue, 0, {CELL_CHARS}) : "NULL")'
    rows = f"[$states.result.ResultSet.Rows.$substring($join([Data.{cell}], {quoted(BETWEEN)}), 0, {chars})]"
    return {
        "failing": expression("$count($states.result.ResultSet.Rows) - 1"),
        "sample": expression(rows),
        "statistics": expression("$states.input.QueryExecution.Statistics"),
    }

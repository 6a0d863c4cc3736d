"""Name the rule, its table, file and line where a rule stops a load: an engine only says what it could not do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from lakehouse_assets.contracts import Contract, Rule
from lakehouse_assets.contracts.files import place_of
from lakehouse_assets.engines.fitting import is_of_a_value, value_words
from lakehouse_assets.errors import ContractInvalid, RuleFailed
from lakehouse_assets.sql import silver


def judging(contract: Contract, pipeline: str) -> str:
    """Return the statement that casts and judges rows (`silver.parsed`).

    Raises:
        ContractInvalid: a predicate asks more than its row, or fails on some text; names its file and line.
    """
    try:
        return silver.parsed(contract)
    except ContractInvalid as error:
        facts = error.facts
        place = _place(pipeline, contract, facts["rule"]) if "rule" in facts else ""
        raise ContractInvalid(**facts | {"problem": f"{facts['problem']}{place}"}) from error


def failed_rule(
    error: Exception, contract: Contract, pipeline: str, judge: Callable[[Contract], object]
) -> RuleFailed | None:
    """Return which rule of kind row fails on a value; None where the error is about something else.

    Args:
        error: what the engine raised when it judged all rules at once.
        contract: the table.
        pipeline: whose it is.
        judge: judges the same rows by the rules of the contract that it is given.
    """
    for rule in contract.rules_of("row") if is_of_a_value(error) else ():
        try:
            judge(replace(contract, rules=(rule,)))
        except Exception as alone:  # noqa: BLE001 - the first error is raised unless this one says more
            if is_of_a_value(alone):
                return _failed(alone, contract, rule, pipeline)
    return None


@contextmanager
def asking(contract: Contract, rule: Rule, pipeline: str) -> Iterator[None]:
    """Name the rule, of kind load, whose query fails on a value."""
    try:
        yield
    except Exception as error:
        if not is_of_a_value(error):
            raise
        raise _failed(error, contract, rule, pipeline) from error


def _failed(error: Exception, contract: Contract, rule: Rule, pipeline: str) -> RuleFailed:
    place = _place(pipeline, contract, rule.code)
    return RuleFailed(rule=rule.code, table=contract.catalog_name, place=place, problem=value_words(error))


def _place(pipeline: str, contract: Contract, code: str) -> str:
    found = place_of(pipeline, f"{contract.layer}.{contract.name}", f"rule `{code}` implementation")
    return f" ({found})" if found else ""

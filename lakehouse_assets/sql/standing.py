"""Make the statements that count what stands in tables: open rejects, waiting rows, rows of silver that warn."""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from lakehouse_assets.contracts import Contract, Rule
from lakehouse_assets.sql import silver, trial
from lakehouse_assets.sql.dialects import tree_of


def open_rejects(rejects: Contract) -> str:
    """Return the SELECT of open rejects by dataset and codes: how many, `n`, and when the `oldest` was rejected."""
    return _counted(rejects, "rejected_at", "WHERE status = 'open' ")


def waiting(pending: Contract) -> str:
    """Return the SELECT of waiting rows by dataset and codes: how many, `n`, and when the `oldest` was first seen."""
    return _counted(pending, "first_seen", "")


def _counted(contract: Contract, moment: str, where: str) -> str:
    counts = f"count(*) AS n, min({moment}) AS oldest"
    return f"SELECT dataset, codes, {counts} FROM {contract.catalog_name} {where}GROUP BY dataset, codes"


def countable(contract: Contract) -> tuple[Rule, ...]:
    """Return the rules of kind row that warn and can be asked of what the table holds, see `sql.trial`."""
    warn = (rule for rule in contract.rules_of("row") if rule.verdict == "warn")
    return tuple(rule for rule in warn if trial.problem_of(contract, rule) is None)


def warned(contract: Contract, rules: tuple[Rule, ...], relation: str) -> str:
    """Return the SELECT of the rows that break a rule that warns, by `part` and `codes` together: how many, `n`.

    Args:
        contract: the table.
        rules: those that are asked, see `countable`.
        relation: shows some of its rows, each with the name of its data file, `_part`.
    """
    asked = _asked(contract, rules)
    judged = f"SELECT _row AS part, _warnings AS codes FROM ({silver.parsed(asked)}) AS p WHERE _warnings <> ''"
    counts = f"SELECT part, codes, count(*) AS n FROM ({judged}) AS w GROUP BY part, codes"
    return f"WITH __raw AS ({trial.as_raw(asked, relation=relation, row='t._part')}) {counts}"


def _asked(contract: Contract, rules: tuple[Rule, ...]) -> Contract:
    """Return the contract with what is asked alone: a statement takes as long to plan as it is, with each load."""
    read = {node.name for rule in rules for node in tree_of(rule.implementation).find_all(exp.Column)}
    columns = tuple(column for column in contract.content if column.source in read)
    return replace(contract, rules=rules, columns=columns or tuple(contract.content)[:1])

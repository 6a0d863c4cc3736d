"""Make the statements that read a seed: those of the load, plus the rules that every row of a reference table keeps."""

from __future__ import annotations

from dataclasses import replace

from lakehouse_assets.contracts import Column, Contract, Rule
from lakehouse_assets.sql.casts import cast_of, quoted

KEY_REPEATED = Rule("key_repeated", "row", "reject", "another row has the same key", "")
MALFORMED = Rule("row_malformed", "reader", "reject", "wrong number of fields, or broken quoting", "")


def as_landed(contract: Contract) -> Contract:
    """Return the contract of the reference table in the form that `silver.parsed` reads.

    Each column comes from the seed's column of its name, if it names no other. Whether the contract has such rules or
    not, a required one may not be blank (`<column>_missing`), and text that is not blank has to be a value of the
    column's type (`<column>_invalid`).
    """
    columns = tuple(replace(column, source=column.source or column.name) for column in contract.columns)
    known = {rule.code for rule in contract.rules}
    implied = [rule for column in columns for rule in _implied(column) if rule.code not in known]
    return replace(contract, columns=columns, rules=(*contract.rules, *implied))


def _implied(column: Column) -> list[Rule]:
    source, rules = quoted(column.source), []
    if column.required or column.key:
        text = f"{column.name} is null or blank"
        rules.append(Rule(f"{column.name}_missing", "row", "reject", text, f"blank({source})"))
    if column.type != "STRING":
        text = f"{column.name} is no {column.type}"
        predicate = f"NOT blank({source}) AND {cast_of(column)} IS NULL"
        rules.append(Rule(f"{column.name}_invalid", "row", "reject", text, predicate))
    return rules


def broken(contract: Contract) -> str:
    """Return the SELECT of the lines of a seed that break a rule (`_row`), in order, with the codes (`_codes`)."""
    # A window, since Spark 4.1 cannot plan a UNION with a join of these rows with themselves.
    same = f"count(*) OVER (PARTITION BY p._codes, {', '.join(f'p.{quoted(k)}' for k in contract.key)})"
    doubled = f"CASE WHEN p._codes = '' AND {same} > 1 THEN '{KEY_REPEATED.code},' ELSE p._codes END"
    found = f"SELECT p._row AS _row, {doubled} AS _codes FROM {contract.name}__parsed AS p"
    return f"SELECT b._row AS _row, b._codes AS _codes FROM ({found}) AS b WHERE b._codes <> '' ORDER BY b._row"


def rows(contract: Contract) -> str:
    """Return the SELECT of a seed's rows in the table's columns, ordered by key."""
    names = ", ".join(f"v.{quoted(c.name)} AS {quoted(c.name)}" for c in contract.columns)
    return (
        f"SELECT {names} FROM {contract.name}__parsed AS v ORDER BY {', '.join(f'v.{quoted(k)}' for k in contract.key)}"
    )

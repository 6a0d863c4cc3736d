"""Make the statements that ask what a rule of kind row would do to the rows that a silver table holds already.

A rule sees text as it landed, and silver holds values. So each value is written as the text that its column is read
from again, and goes through the statement of a load. What only raw text has, such as blanks around a number, is gone.
"""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from lakehouse_assets.contracts import Column, Contract, Rule
from lakehouse_assets.sql import silver
from lakehouse_assets.sql.casts import quoted
from lakehouse_assets.sql.dialects import tree_of
from lakehouse_assets.sql.predicates import predicate_problem


def as_raw(contract: Contract, *, relation: str | None = None, row: str = "0") -> str:
    """Return the relation `__raw` that the table's own rows would come from; an array or a record is NULL in it.

    Args:
        contract: the table.
        relation: what shows its rows; None for the table itself.
        row: what `_row` is, an expression over the rows `t`.
    """
    texts = {str(column.source): _text_of(column) for column in reversed(contract.content) if column.source}
    columns = ", ".join(f"{text} AS {quoted(source)}" for source, text in texts.items())
    return f"SELECT {row} AS _row, FALSE AS _malformed, {columns} FROM {relation or contract.catalog_name} AS t"


def _text_of(column: Column) -> str:
    if column.data_type.is_nested:
        return "CAST(NULL AS VARCHAR)"
    text = f"as_text(t.{quoted(column.name)})"
    return f"{text} || 'Z'" if column.data_type.name == "TIMESTAMP" else text


def problem_of(contract: Contract, rule: Rule) -> str | None:
    """Say why a rule cannot be tried: it asks too much, or a column that does not land, or an array or record."""
    if problem := predicate_problem(rule.implementation):
        return problem
    columns = {str(column.source): column for column in contract.content if column.source}
    for name in sorted({node.name for node in tree_of(rule.implementation).find_all(exp.Column)}):
        if name not in columns:
            return f"there is no landing column `{name}`; there are {', '.join(columns)}"
        if columns[name].data_type.is_nested:
            return f"`{name}` is an array or a record, which cannot be tried on silver; a run judges it as it lands"
    return None


def text_hint(contract: Contract, rule: Rule) -> str:
    """Return what to write where a predicate compares a landing column with a number, as the end of a sentence."""
    columns = {str(column.source): column for column in contract.content if column.source}
    for node in tree_of(rule.implementation).find_all(exp.Binary, exp.Between, exp.In):
        bare = [child for child in node.iter_expressions() if isinstance(child, exp.Column)]
        if bare and any(
            isinstance(child, exp.Literal | exp.Neg) and child.is_number for child in node.iter_expressions()
        ):
            macro = _reader(columns.get(bare[0].name))
            bare[0].replace(exp.Anonymous(this=macro, expressions=[bare[0].copy()]))
            text = node.sql("athena", normalize_functions=False)
            return f"; landing columns are text, so write `{text}`"
    return ""


def _reader(column: Column | None) -> str:
    """Return the macro that reads the text of a column as a number."""
    names = {"BIGINT": "parse_bigint", "DOUBLE": "parse_double", "DECIMAL": "parse_amount"}
    return names.get(column.data_type.name, "parse_int") if column else "parse_int"


def alone(rule: Rule) -> str:
    """Return the SELECT of a rule's predicate by itself, over `__raw`: its one column has to be true or false."""
    # Its last line may be a comment.
    return f"SELECT {rule.implementation}\nAS p FROM __raw"


def counted(contract: Contract, rule: Rule) -> str:
    """Return the SELECT that counts the table's rows, `seen`, and those that break the rule, `broken`."""
    broken = "count(CASE WHEN p._codes <> '' THEN 1 END) AS broken"
    return f"SELECT count(*) AS seen, {broken} FROM ({_judged(contract, rule)}) AS p"


def shown(contract: Contract, rule: Rule, limit: int) -> str:
    """Return the SELECT of so many rows that break the rule, by key, in the columns that carry content."""
    names = ", ".join(f"p.{quoted(column.name)}" for column in contract.content if column.source)
    order = ", ".join(f"p.{quoted(name)}" for name in contract.key)
    return f"SELECT {names} FROM ({_judged(contract, rule)}) AS p WHERE p._codes <> '' ORDER BY {order} LIMIT {limit}"


def _judged(contract: Contract, rule: Rule) -> str:
    return silver.parsed(replace(contract, rules=(replace(rule, verdict="reject"),)))

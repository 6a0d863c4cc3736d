"""Check a SELECT in a contract when the contract is read: its syntax, its tables, its columns, its value.

Not here: whether it is portable, which is checked whenever it is rendered (`sql/portable.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlglot import exp
    from sqlglot.schema import MappingSchema

RUN = "_run"
"""Names the database under which relations without one are looked up, as a schema wants all its tables on one level."""


def select_problem(select: str, relations: Mapping[str, Mapping[str, str]], value: str, kind: str) -> str | None:
    """Say what is wrong with a SELECT of one value, in words; return None when nothing is.

    Args:
        select: the text, in Athena SQL.
        relations: what it may read: relation or catalog name -> column -> contract type.
        value: the name its one column must have.
        kind: the contract type its values must have.
    """
    # Only contracts that hold a SELECT pay for the parser.
    import sqlglot
    from sqlglot import exp

    try:
        trees = sqlglot.parse(select, read="athena")
        tree = trees[0]
        if len(trees) != 1 or not isinstance(tree, exp.Query) or tree.named_selects != [value]:
            return f"expected one SELECT of the one column `{value}`"
        unknown = sorted(_tables(tree) - relations.keys())
        if unknown:
            return f"reads `{unknown[0]}`; it may read {', '.join(f'`{name}`' for name in relations)}"
        found = _type_of_value(tree, _schema(relations))
    except sqlglot.errors.SqlglotError as error:
        return f"the SELECT is not usable: {str(error).splitlines()[0]}"
    wanted = exp.DataType.build(kind, dialect="athena")
    # What a macro returns is not known here.
    if found.this in {exp.DType.UNKNOWN, wanted.this} or {found.this, wanted.this} <= exp.DataType.TEXT_TYPES:
        return None
    return f"`{value}` is {found.sql('athena')}, the window is {kind}"


def _tables(tree: exp.Query) -> set[str]:
    """Return the relations that the statement reads, without those that it defines itself."""
    from sqlglot import exp

    made = {cte.alias_or_name for cte in tree.find_all(exp.CTE)}
    return {".".join(part.name for part in table.parts) for table in tree.find_all(exp.Table)} - made


def _schema(relations: Mapping[str, Mapping[str, str]]) -> MappingSchema:
    from sqlglot.schema import MappingSchema

    schema = MappingSchema(dialect="athena")
    for name, columns in relations.items():
        schema.add_table(name if "." in name else f"{RUN}.{name}", dict(columns), dialect="athena")
    return schema


def _type_of_value(tree: exp.Query, schema: MappingSchema) -> exp.DataType:
    """Return the type of the statement's column.

    Raises:
        SqlglotError: the statement names a column that does not exist.
    """
    from sqlglot import exp
    from sqlglot.optimizer.annotate_types import annotate_types
    from sqlglot.optimizer.qualify import qualify

    qualified = qualify(tree, dialect="athena", schema=schema, db=RUN)
    typed = annotate_types(qualified, schema=schema, dialect="athena")
    return typed.selects[0].type or exp.DataType.build("unknown")

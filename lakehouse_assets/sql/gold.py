"""Make the statements with which Athena stores a gold model and evaluates an assertion.

Belongs here: one MERGE per model, one SELECT per assertion. Not here: which dates or users are due (the run ledger),
and the embedded engine's way (`engines/gold.py`), which reaches the same table by a diff and one commit.
MERGE in Athena: https://docs.aws.amazon.com/athena/latest/ug/merge-into-statement.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from lakehouse_assets.contracts.model import Contract
from lakehouse_assets.errors import BadRequest
from lakehouse_assets.sql.dialects import Parameter, literal, parse, render

MAX_WINDOW = 1_000
"""A window of more touched values than this is not listed in SQL; the model is built whole instead.

The limit is there because Athena takes 262,144 bytes of SQL
(https://docs.aws.amazon.com/athena/latest/ug/service-limits.html).
"""


def window_parameters(contract: Contract, window: tuple[Any, ...] | None) -> dict[str, Parameter]:
    """Return the model's parameters for a window: its values, or `everything` if it is None or has too many values.

    A table without a window of its own is always built whole.
    """
    source = contract.window_source
    if source is None:
        return {"everything": True}
    listed = window if window is not None and len(window) <= MAX_WINDOW else None
    return {"everything": listed is None, source: listed or ()}


def merge_statement(
    contract: Contract, model_sql: str, parameters: Mapping[str, Parameter], *, zone: str = "UTC"
) -> str:
    """Return the MERGE that brings the touched part of a gold table up to date, in one commit.

    Its source is the model's rows, those of the window only, and a tombstone (`gone`) for each key of the window that
    the model no longer has. A full join finds both at once: as two branches of a UNION ALL the model would run twice,
    since Athena repeats a WITH query wherever it is named. Unchanged rows match and are left alone.

    Args:
        contract: the gold table; its `window` and `window_source` name column and parameter. Without them the whole
            table is the window.
        model_sql: the model's SELECT in Athena SQL with macros.
        parameters: the model's: `everything`, and the touched values (not empty unless `everything`).
        zone: the source time zone, see `dialects.render`.

    Raises:
        BadRequest: the model is no SQL, a parameter has no value, or nothing was touched.
        UnportableSql: the model uses a function outside `portable.ALLOWED`.
    """
    column, values = contract.window or "", _window(contract, parameters)
    inside, fresh = _inside(column, values), render(model_sql, "athena", zone=zone, parameters=parameters)
    # A row outside of the window would meet none of the table's, and so be inserted with every merge once more.
    fresh = f"SELECT * FROM ({fresh}) AS m{inside}" if inside else fresh
    text = (
        f"MERGE INTO {contract.catalog_name} AS t USING ({_source(contract, fresh, inside)}) AS s "
        f"ON {' AND '.join([*_equal(contract.key, 't', 's'), *_between(column, values)])} "
        "WHEN MATCHED AND s.gone THEN DELETE "
        f"{_update(contract)} "
        f"WHEN NOT MATCHED AND NOT s.gone THEN INSERT ({_list(contract)}) VALUES ({_list(contract, 's.')})"
    )
    return parse(text).sql("athena", pretty=True, comments=False)


def assertion_statement(sql: str, parameters: Mapping[str, Parameter], *, zone: str = "UTC") -> str:
    """Return the SELECT of an assertion (`contracts.checks.assertion_sql`) on one line, its parameters as literals.

    Raises:
        BadRequest: it is no SQL, or a parameter has no value.
        UnportableSql: it uses a function outside `portable.ALLOWED`.
    """
    return parse(render(sql, "athena", zone=zone, parameters=parameters)).sql("athena", comments=False)


def _window(contract: Contract, parameters: Mapping[str, Parameter]) -> tuple[Any, ...] | None:
    """Return the touched values in order, or None for the whole table."""
    if parameters["everything"]:
        return None
    given = parameters[contract.window_source or ""]
    values = given if isinstance(given, (tuple, list)) else (given,)
    if not values:
        raise BadRequest(message=f"nothing was touched, so there is nothing to merge into `{contract.catalog_name}`")
    return tuple(sorted(values, key=str))


def _source(contract: Contract, fresh: str, inside: str) -> str:
    """Return the SELECT of the model's fresh rows and of the keys that the table holds but the model no longer has."""
    keys = [f'coalesce(f."{k}", h."{k}") AS "{k}"' for k in contract.key]
    content = [f'f."{c}"' for c in _content(contract)]
    columns = ", ".join([*keys, *content, f'f."{contract.key[0]}" IS NULL AS gone'])
    held = f"SELECT {', '.join(map(_quoted, contract.key))} FROM {contract.catalog_name}{inside}"
    same = " AND ".join(_equal(contract.key, "h", "f"))
    return f"SELECT {columns} FROM ({fresh}) AS f FULL JOIN ({held}) AS h ON {same}"


def _update(contract: Contract) -> str:
    """Return the UPDATE branch of the MERGE; a table that has only key columns gets none."""
    content = _content(contract)
    if not content:
        return ""
    differs = " OR ".join(f't."{c}" IS DISTINCT FROM s."{c}"' for c in content)
    return (
        f"WHEN MATCHED AND ({differs}) THEN UPDATE SET {', '.join(f'{_quoted(c)} = s.{_quoted(c)}' for c in content)}"
    )


def _inside(column: str, values: tuple[Any, ...] | None) -> str:
    return "" if values is None else f" WHERE {_quoted(column)} IN ({', '.join(map(_literal, values))})"


def _between(column: str, values: tuple[Any, ...] | None) -> list[str]:
    """Return the condition that bounds a column by literals, so that Iceberg skips the files outside of them."""
    if values is None:
        return []
    return [f"t.{_quoted(column)} BETWEEN {_literal(values[0])} AND {_literal(values[-1])}"]


def _equal(names: Iterable[str], left: str, right: str) -> list[str]:
    return [f"{left}.{_quoted(name)} = {right}.{_quoted(name)}" for name in names]


def _content(contract: Contract) -> list[str]:
    return [c.name for c in contract.columns if not c.key]


def _list(contract: Contract, prefix: str = "") -> str:
    return ", ".join(f"{prefix}{_quoted(c.name)}" for c in contract.columns)


def _literal(value: Any) -> str:  # noqa: ANN401 - any value of a window column
    return literal(value).sql("athena")


def _quoted(name: str) -> str:
    return f'"{name}"'

"""Make the statements about rows that are not loaded: what is kept of them, what is tried again, what is settled.

Relations beside those of `silver`; `held` below is the control table itself:

    __files       ordinal, dataset, file, etag, file_time of every file of the run, and whether it `is_retried`
    __tried       rows of control tables that this run tries again, with the identity that they always had
    __retried     the same with their `_row`
    __seen        pending rows as they were when the run began
    <t>__raw_text   what stands in their files of the rows of <t>__unloaded; <t>__slow_text  values as text
    __unloaded    rows that this run does not load, in the columns of the control tables; which of them are `_pending`
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from lakehouse_assets.contracts import Column, Contract
from lakehouse_assets.sql.casts import quoted
from lakehouse_assets.sql.dialects import literal
from lakehouse_assets.sql.silver import ROWS_PER_FILE

KEY = ("dataset", "file", "etag", "line")
"""Columns of a control table that identify a landed record."""
BASE = (*KEY, "file_time", "codes", "raw", "fields")
TRIED = (*KEY, "file_time", "raw", "fields")
SETTLED = {"replayed_by": "VARCHAR", "replayed_at": "TIMESTAMP", "reason": "VARCHAR"}
"""Names the columns of a reject that are NULL while it is open, with their types."""
SPELLED_ALIKE = ("STRING", "INT", "BIGINT", "BOOLEAN", "DATE", "TIMESTAMP", "DECIMAL")
"""Names the types whose values all engines write as the same text."""


def seen(pending: Contract) -> str:
    """Return `__seen`: the pending rows and when each was first seen."""
    return f"SELECT dataset, file, etag, CAST(line AS BIGINT) AS line, first_seen, run_id FROM {pending.catalog_name}"


def tried(pending: Contract, chosen: str | None) -> str:
    """Return `__tried`: all pending rows, and the chosen rejects; a row that is both is taken as it was chosen."""
    waiting = f"SELECT {aliased(TRIED, 'p')} FROM {pending.catalog_name} AS p"
    if chosen is None:
        return waiting
    again = f"SELECT {aliased(TRIED, 'c')} FROM ({chosen}) AS c"
    return f"{waiting} LEFT JOIN ({chosen}) AS c ON {_same('c', 'p')} WHERE c.line IS NULL UNION ALL {again}"


def chosen(rejects: Contract, where: str) -> str:
    """Return the SELECT of the rejects that a replay selects."""
    return f"SELECT {aliased(TRIED, 'h')} FROM {rejects.catalog_name} AS h WHERE {where}"


def corrected(chosen: str) -> str:
    """Return the SELECT of chosen rejects with the text that relation `__corrected` gives them, the last for each."""
    latest = (
        "SELECT file, line, etag, fields, "
        "row_number() OVER (PARTITION BY file, line, etag ORDER BY _row DESC) AS position FROM __corrected"
    )
    same = "c.file = r.file AND c.etag = r.etag AND c.line = as_text(r.line)"
    columns = ", ".join("c.fields AS fields" if name == "fields" else f"r.{name} AS {name}" for name in TRIED)
    return f"SELECT {columns} FROM ({chosen}) AS r JOIN ({latest}) AS c ON {same} WHERE c.position = 1"


def not_chosen(chosen: str) -> str:
    """Return the SELECT of the first corrected row that is none of the chosen rejects."""
    same = "c.file = r.file AND c.etag = r.etag AND c.line = as_text(r.line)"
    missing = f"SELECT c.file, c.line, c._row FROM __corrected AS c LEFT JOIN ({chosen}) AS r ON {same}"
    return f"{missing} WHERE r.line IS NULL ORDER BY c._row LIMIT 1"


def open_where(selection: dict[str, str], run_id: str | None = None) -> str:
    """Return a predicate on the rejects table: open ones that meet the selection (any of code, file, run).

    With a run id: those that were open when that run began, whatever an earlier try of it made of them.
    """
    is_open = "status = 'open'"
    if run_id is not None:
        this = _text(run_id)
        is_open = f"(status = 'open' AND run_id <> {this} OR replayed_by = {this})"
    return f"{is_open} AND {selected_where(selection)}"


def selected_where(selection: Mapping[str, str]) -> str:
    """Return a predicate on the rejects table: rows, open or not, that meet the selection (any of code, file, run)."""
    tests = [f"has_code(codes, {_text(selection['code'])})"] if "code" in selection else []
    for name, column in (("file", "file"), ("run", "run_id")):
        if name in selection:
            tests.append(f"{column} = {_text(selection[name])}")
    return " AND ".join(tests) or "TRUE"


def retried() -> str:
    """Return `__retried`: the rows that are tried again with their number in this run."""
    columns = aliased(TRIED, "t")
    same = "f.is_retried AND f.dataset = t.dataset AND f.file = t.file AND f.etag = t.etag"
    number = f"f.ordinal * {ROWS_PER_FILE} + CAST(t.line AS BIGINT) AS _row"
    return f"SELECT {number}, {columns} FROM __tried AS t JOIN __files AS f ON {same}"


def text_of_retried(dataset: str, columns: Iterable[str]) -> str:
    """Return the SELECT of the retried rows of a dataset as text, as a landed file would give them."""
    texts = ", ".join(f"json_field(fields, '{name}') AS {quoted(name)}" for name in columns)
    return f"SELECT _row, fields IS NULL AS _malformed, {texts} FROM __retried WHERE dataset = {_text(dataset)}"


def unloaded(contract: Contract, *, orphaned: bool, waiting: bool) -> str:
    """Return `<t>__unloaded`: `_row`, `_codes`, `_expired`, `_waits`, and the values that could be read.

    Values are text, but for those that engines write differently (`unspelled`).

    Args:
        contract: the silver table.
        orphaned: whether there are rejected rows without a parent (relation `<t>__orphaned`).
        waiting: whether there are rows that wait for a parent (relation `<t>__waiting`).
    """
    values = ", ".join(f"{_readable(c)} AS {quoted(c.name)}" for c in contract.content)
    t = contract.name
    more = " || coalesce(o._codes, '')" if orphaned else ""
    joined = f" LEFT JOIN {t}__orphaned AS o ON o._row = v._row" if orphaned else ""
    select = (
        f"SELECT v._row AS _row, v._codes || v._warnings{more} AS _codes, FALSE AS _waits, {values} "
        f"FROM {t}__parsed AS v{joined} WHERE v._codes <> ''"
    )
    if not waiting:
        return select
    return (
        f"{select} UNION ALL "
        f"SELECT v._row AS _row, w._codes || v._warnings AS _codes, NOT w._expired AS _waits, {values} "
        f"FROM {t}__parsed AS v JOIN {t}__waiting AS w ON w._row = v._row"
    )


def unspelled(contract: Contract) -> tuple[str, ...]:
    """Return the names of columns whose values engines write differently; `load/text_form.py` writes them."""
    return tuple(c.name for c in contract.content if c.data_type.name not in SPELLED_ALIKE)


def _readable(column: Column) -> str:
    value = f"v.{quoted(column.name)}"
    return f"as_text({value})" if column.data_type.name in SPELLED_ALIKE else value


def to_write(contract: Contract) -> str:
    """Return the SELECT of the values that are not text yet, of all rows that are not loaded."""
    values = ", ".join(quoted(name) for name in unspelled(contract))
    return f"SELECT _row, {values} FROM {contract.name}__unloaded"


def kept(contract: Contract, *, retried: bool, twins: bool) -> str:
    """Return the rows of a table that are not loaded, in the columns of the control tables.

    Args:
        contract: the silver table.
        retried: whether this run tries rows again (relation `__retried`).
        twins: whether a file comes twice in this run (relation `<t>__twins`: ordinal, that of its next occurrence);
            of a record that comes twice the last is kept.
    """
    t, line = contract.name, f"u._row - f.ordinal * {ROWS_PER_FILE}"
    raw, fields = ("coalesce(x.raw, r.raw)", "coalesce(x.fields, r.fields)") if retried else ("x.raw", "x.fields")
    slow = unspelled(contract)
    pairs = ", ".join(f"'{c.name}', {'s' if c.name in slow else 'u'}.{quoted(c.name)}" for c in contract.content)
    written = f" LEFT JOIN {t}__slow_text AS s ON s._row = u._row" if slow else ""
    again = " LEFT JOIN __retried AS r ON r._row = u._row" if retried else ""
    later = (
        f" LEFT JOIN {t}__twins AS d ON d.ordinal = f.ordinal LEFT JOIN {t}__unloaded AS l "
        f"ON l._row = d.later * {ROWS_PER_FILE} + {line} WHERE l._row IS NULL"
    )
    return (
        f"SELECT f.dataset AS dataset, f.file AS file, f.etag AS etag, CAST({line} AS INTEGER) AS line, "
        f"f.file_time AS file_time, sorted_codes(u._codes) AS codes, {raw} AS raw, {fields} AS fields, "
        f"CASE WHEN {fields} IS NOT NULL THEN json_object_of({pairs}) END AS parsed, u._waits AS _pending "
        f"FROM {t}__unloaded AS u JOIN __files AS f ON f.ordinal = int_div(u._row, {ROWS_PER_FILE}) "
        f"LEFT JOIN {t}__raw_text AS x ON x._row = u._row{written}{again}{later if twins else ''}"
    )


def new_rejects(rejects: Contract, *, retried: bool) -> str:
    """Return `__rejected`: keys of rejects to write, and whether each is `_new`.

    A record whose correction went through is left out: it stays settled when its file is read once more.
    """
    joined = f" LEFT JOIN __tried AS t ON {_same('t', 'u')}" if retried else ""
    again = " OR (h.status <> 'open' AND t.line IS NOT NULL)" if retried else ""
    return (
        f"SELECT {aliased(KEY, 'u')}, h.codes IS NULL AS _new FROM __unloaded AS u "
        f"LEFT JOIN {rejects.catalog_name} AS h ON {_same('h', 'u')}{joined} "
        f"WHERE NOT u._pending AND (h.codes IS NULL OR (h.status = 'open' AND h.codes <> u.codes){again})"
    )


def settled_rejects(
    rejects: Contract, *, retried: bool, corrected: Iterable[str] = (), superseded: Iterable[str] = ()
) -> str:
    """Return `__settled`: keys of open rejects that are settled, and as what.

    Replayed are those that this run read again (relation `__read`) and did not reject, corrected and superseded are
    those of the given SELECTs (`corrections`) that it does not write anyway.
    """
    joined = f" LEFT JOIN __tried AS t ON {_same('t', 'h')}" if retried else ""
    again = " OR t.line IS NOT NULL" if retried else ""
    replayed = (
        f"SELECT {aliased(KEY, 'h')}, 'replayed' AS status FROM {rejects.catalog_name} AS h "
        f"LEFT JOIN (SELECT * FROM __unloaded WHERE NOT _pending) AS u ON {_same('u', 'h')} "
        f"LEFT JOIN __read AS f ON f.file = h.file AND f.etag = h.etag{joined} "
        f"WHERE h.status = 'open' AND u.line IS NULL AND (f.file IS NOT NULL{again})"
    )
    others = [
        f" UNION ALL SELECT {aliased(KEY, 'c')}, '{status}' AS status FROM ({select}) AS c "
        f"LEFT JOIN __rejected AS d ON {_same('d', 'c')} WHERE d.line IS NULL"
        for status, selects in (("corrected", corrected), ("superseded", superseded))
        for select in selects
    ]
    if not others:
        return replayed
    return (
        f"SELECT {aliased(KEY, 'a')}, max(a.status) AS status FROM ({replayed}{''.join(others)}) AS a "
        f"GROUP BY {', '.join(f'a.{name}' for name in KEY)}"
    )


def reject_rows(rejects: Contract, run_id: str, as_of: datetime, *, compared: bool, settled: bool) -> str:
    """Return the rows to write into the table of rejects.

    Args:
        rejects: the table.
        run_id: of this run.
        as_of: its clock, zone-less UTC.
        compared: whether only those of `__rejected` are written, else all.
        settled: whether those of `__settled` are written with their new status.
    """
    due = f" JOIN __rejected AS d ON {_same('d', 'u')}" if compared else ""
    none = ", ".join(f"CAST(NULL AS {kind}) AS {name}" for name, kind in SETTLED.items())
    rows = (
        f"SELECT {aliased((*BASE, 'parsed'), 'u')}, {_text(run_id)} AS run_id, {_moment(as_of)} AS rejected_at, "
        f"'open' AS status, {none} FROM __unloaded AS u{due} WHERE NOT u._pending"
    )
    if not settled:
        return rows
    same = aliased((*BASE, "parsed", "run_id", "rejected_at"), "h")
    return (
        f"{rows} UNION ALL SELECT {same}, s.status AS status, {_text(run_id)} AS replayed_by, {_moment(as_of)} AS "
        "replayed_at, CAST(NULL AS VARCHAR) AS reason "
        f"FROM {rejects.catalog_name} AS h JOIN __settled AS s ON {_same('s', 'h')}"
    )


def new_pending(pending: Contract) -> str:
    """Return `__waiting`: keys of pending rows to write, and whether each is `_new`."""
    return (
        f"SELECT {aliased(KEY, 'u')}, h.codes IS NULL AS _new FROM __unloaded AS u "
        f"LEFT JOIN {pending.catalog_name} AS h ON {_same('h', 'u')} "
        "WHERE u._pending AND (h.codes IS NULL OR h.codes <> u.codes)"
    )


def pending_rows(pending: Contract, run_id: str, as_of: datetime) -> str:
    """Return the rows to write into the table of pending rows; one that was there keeps its run and first moment."""
    return (
        f"SELECT {aliased(BASE, 'u')}, coalesce(h.run_id, {_text(run_id)}) AS run_id, "
        f"coalesce(h.first_seen, {_moment(as_of)}) AS first_seen FROM __unloaded AS u "
        f"JOIN __waiting AS d ON {_same('d', 'u')} LEFT JOIN {pending.catalog_name} AS h ON {_same('h', 'u')} "
        "WHERE u._pending"
    )


def no_longer_pending(pending: Contract) -> str:
    """Return `__gone`: keys of rows that were pending before this run and are not any more."""
    return (
        f"SELECT {aliased(KEY, 'h')} FROM {pending.catalog_name} AS h "
        f"LEFT JOIN (SELECT * FROM __unloaded WHERE _pending) AS u ON {_same('u', 'h')} WHERE u.line IS NULL"
    )


def aliased(names: Iterable[str], alias: str) -> str:
    """Return columns of the relation of an alias, under their own names."""
    return ", ".join(f"{alias}.{name} AS {name}" for name in names)


def _same(one: str, other: str) -> str:
    return " AND ".join(f"{one}.{name} = {other}.{name}" for name in KEY)


def _text(value: str) -> str:
    return literal(value).sql("athena")


def _moment(value: datetime) -> str:
    return literal(value).sql("athena")

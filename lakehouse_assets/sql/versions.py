"""Make the load's statements about versions: which one of a key wins, what silver holds of it, what is merged.

The relations are described in `silver`, the other half.
"""

from __future__ import annotations

from lakehouse_assets.contracts import Column, Contract
from lakehouse_assets.sql.affected import old_columns
from lakehouse_assets.sql.casts import quoted
from lakehouse_assets.sql.silver import ROWS_PER_FILE, valid
from lakehouse_assets.sql.sql_types import in_athena

MAX_DATES = 1000
"""How many dates are written into a statement to bound what it reads; with more, it reads the whole table."""
MAX_FILE_DATES = 10_000
"""How many pairs of a file and a date are looked at to find these dates, and whether rows are sorted by them."""
INSERT, UPDATE, STALE, TIE = "insert", "update", "stale", "tie"


def keys(contract: Contract, excluded: list[str]) -> str:
    """Return the SELECT of the valid rows' key, which is one column."""
    return f"SELECT v.{quoted(contract.key[0])} FROM {valid(contract.name, excluded)} AS v"


def repeated(contract: Contract, excluded: list[str]) -> str:
    """Return the SELECT of keys that occur more than once among the valid rows."""
    key = ", ".join(f"v.{quoted(k)}" for k in contract.key)
    return f"SELECT {key} FROM {valid(contract.name, excluded)} AS v GROUP BY {key} HAVING count(*) > 1"


def superseded(contract: Contract, excluded: list[str]) -> str:
    """Return the SELECT of older versions of a repeated key, by (event time, tie breaker, file time, name, line)."""
    t = contract.name
    key = ", ".join(f"v.{quoted(k)}" for k in contract.key)
    on = " AND ".join(f"r.{quoted(k)} = p.{quoted(k)}" for k in contract.key)
    # Rows of these keys first, then which of them are valid: engines believe that few rows are, and would hold all.
    few = f"(SELECT p.* FROM {t}__parsed AS p JOIN {t}__repeated AS r ON {on})"
    ranked = (
        f"SELECT v._row AS _row, row_number() OVER (PARTITION BY {key} ORDER BY {_newest(contract)}) AS position "
        f"FROM {valid(t, excluded, few)} AS v"
    )
    return f"SELECT _row FROM ({ranked}) AS ranked WHERE position > 1"


def _newest(contract: Contract) -> str:
    """Return the order in which the newest version of a key comes first; without a tie breaker's value it is older."""
    event, tie = contract.event_time, contract.tie_breaker
    last = f"CASE WHEN v.{quoted(tie)} IS NULL THEN 1 ELSE 0 END, v.{quoted(tie)} DESC, " if tie else ""
    return f"v.{quoted(event)} DESC, {last}v._row DESC" if event else "v._row DESC"


def held_dates(contract: Contract, excluded: list[str]) -> str:
    """Return the SELECT of dates that silver holds for this run's keys, or one NULL if the table has no date column.

    One more than `MAX_DATES` of them says that there are too many to list.
    """
    date = contract.date_column
    what = f"s.{quoted(date)}" if date else "CAST(NULL AS DATE)"
    on = _same_key(contract, "v")
    source = valid(contract.name, excluded)
    # A join, not EXISTS: engines then build on the few rows of the run and skip what silver stores for other keys.
    dates = f"SELECT DISTINCT {what} AS held FROM {contract.catalog_name} AS s JOIN {source} AS v ON {on}"
    return f"{dates} LIMIT {MAX_DATES + 1}"


def differing(contract: Contract, excluded: list[str]) -> str:
    """Return `<t>__differing`: valid latest versions that silver lacks or holds with other content.

    Fingerprints are compared, so that the join carries a key and eight bytes per row whatever the table's width. They
    are part of what is joined on: where nothing differs, nothing is left to be compared behind the join.
    """
    came, on = _print(contract, "v"), _same_key(contract, "v")
    return (
        f"SELECT v._row AS _row FROM {valid(contract.name, excluded)} AS v "
        f"LEFT JOIN ({_held(contract, _print(contract, 's'))}) AS s ON {on} AND s._print = {came} "
        "WHERE s._print IS NULL"
    )


def candidates(contract: Contract, excluded: list[str]) -> str:
    """Return `<t>__candidates`: `<t>__differing`, and whether silver lacks their key (`_new`).

    Of a table of versions, which has no `<t>__differing`, a row that says the same as the one before it is left out.
    """
    if contract.versions:
        return _steps(contract, excluded)
    rows = f"{contract.name}__differing AS d JOIN {contract.name}__parsed AS v ON v._row = d._row"
    held = f"LEFT JOIN ({_held(contract, 'TRUE')}) AS s ON {_same_key(contract, 'v')}"
    return f"SELECT d._row AS _row, s._print IS NULL AS _new FROM {rows} {held}"


def _held(contract: Contract, print_of: str) -> str:
    """Return the SELECT of silver's keys, within the bounds of the run, each with `_print`."""
    key = ", ".join(f"s.{quoted(k)} AS {quoted(k)}" for k in contract.key)
    return f"SELECT {key}, {print_of} AS _print FROM {contract.catalog_name} AS s{_bounded(contract)}"


def _same_key(contract: Contract, came: str) -> str:
    return " AND ".join(f"s.{quoted(k)} = {came}.{quoted(k)}" for k in contract.key)


def _print(contract: Contract, alias: str) -> str:
    """Return the fingerprint of a row's content; a table of nothing but its key has the same wherever it has it."""
    content = [c for c in contract.content if not c.key]
    parts = ", ".join(part for c in content for part in _parts(c, f"{alias}.{quoted(c.name)}"))
    return f"fingerprint({parts or 'TRUE'})"


def _steps(contract: Contract, excluded: list[str]) -> str:
    """Return `<t>__candidates` of a table of versions: where the content changes in the order of time.

    Rows of silver and of the run are put in one order per entity, which is the key without its time. A row that equals
    the one before it says nothing new, whichever run brought that. One that comes late leaves the rows after it as they
    are: two versions in a row may then say the same, which changes no answer to "what was it at that time?".
    """
    entity, time = contract.key[:-1], contract.versions or ""
    content = [c for c in contract.content if not c.key]

    def one(alias: str, row: str) -> str:
        named = ", ".join(f"{alias}.{quoted(k)} AS {quoted(k)}" for k in contract.key)
        printed = ", ".join(part for c in content for part in _parts(c, f"{alias}.{quoted(c.name)}"))
        return f"SELECT {named}, fingerprint({printed}) AS _print, {row} AS _row"

    came = f"{one('v', 'v._row')} FROM {valid(contract.name, excluded)} AS v"
    some = " AND ".join(f"e.{quoted(k)} = s.{quoted(k)}" for k in entity)
    named = ", ".join(f"e.{quoted(k)}" for k in entity)
    entities = f"SELECT DISTINCT {named} FROM {valid(contract.name, excluded)} AS e"
    held = f"{one('s', 'CAST(-1 AS BIGINT)')} FROM {contract.catalog_name} AS s JOIN ({entities}) AS e ON {some}"
    within = f"PARTITION BY {', '.join(map(quoted, entity))} ORDER BY {quoted(time)}, _row"
    before = f"lag({{}}) OVER ({within})"
    ordered = (
        f"SELECT _row, _print, {before.format('_print')} AS _before, "
        f"coalesce({before.format(quoted(time))} = {quoted(time)}, FALSE) AS _held FROM ({held} UNION ALL {came}) AS b"
    )
    differs = "_row >= 0 AND (_before IS NULL OR _before <> _print)"
    return f"SELECT _row, NOT _held AS _new FROM ({ordered}) AS o WHERE {differs}"


def _parts(column: Column, value: str) -> list[str]:
    """Return what a fingerprint is made of: the value, and what is NULL in an array or record, which hashes skip."""
    kind = column.data_type
    if not kind.is_nested:
        return [value]
    inside = [f"nulls_in({value})"] if kind.element else [f"field({value}, '{name}')" for name, _ in kind.fields]
    return [value, f"({value} IS NULL)", *inside]


def _bounded(contract: Contract) -> str:
    """Return the WHERE clause that bounds the table's date to `:held`; `:all` lifts a bound that spares nothing."""
    date = contract.date_column
    return f" WHERE :all OR {quoted(date)} IN (:held)" if date else ""


def compared(contract: Contract) -> str:
    """Return `<t>__compared`: rows that silver holds with other content, as update, stale, or tie (see `resolved`)."""
    on = _same_key(contract, "v")
    old = ", ".join(
        f"s.{quoted(c)} AS {quoted('_old_' + c)}" for c in (*old_columns(contract), "_file_time", "_file", "_line")
    )
    silver = f"(SELECT * FROM {contract.catalog_name}{_bounded(contract)})"
    return (
        f"SELECT v._row AS _row, {_aged(contract)} AS _verdict, {old} FROM {contract.name}__parsed AS v "
        f"JOIN {contract.name}__candidates AS d ON d._row = v._row AND NOT d._new JOIN {silver} AS s ON {on}"
    )


def _aged(contract: Contract) -> str:
    """Return whether a row is newer than silver's version of its key, older, or of the same age."""
    event, tie = contract.event_time, contract.tie_breaker
    if not event:
        return f"'{TIE}'"
    came, held = (f"{alias}.{quoted(tie)}" if tie else "NULL" for alias in "vs")
    newer = f"{came} > {held} OR ({held} IS NULL AND {came} IS NOT NULL)"
    older = f"{came} < {held} OR ({came} IS NULL AND {held} IS NOT NULL)"
    broken = f"WHEN {newer} THEN '{UPDATE}' WHEN {older} THEN '{STALE}' " if tie else ""
    return (
        f"CASE WHEN v.{quoted(event)} > s.{quoted(event)} THEN '{UPDATE}' "
        f"WHEN v.{quoted(event)} < s.{quoted(event)} THEN '{STALE}' {broken}ELSE '{TIE}' END"
    )


def resolved(contract: Contract) -> str:
    """Return `<t>__resolved`: the rows of `<t>__compared`, ties decided by file time, file name, line."""
    t = contract.name
    line = f"j._row - f.ordinal * {ROWS_PER_FILE}"
    newer = (
        "f.file_time > j._old__file_time OR (f.file_time = j._old__file_time AND (f.file > j._old__file OR "
        f"(f.file = j._old__file AND {line} > j._old__line)))"
    )
    verdict = f"CASE WHEN j._verdict <> '{TIE}' THEN j._verdict WHEN {newer} THEN '{UPDATE}' ELSE '{STALE}' END"
    olds = "".join(f", j._old_{c} AS _old_{c}" for c in old_columns(contract))
    return (
        f"SELECT j._row AS _row, {verdict} AS _verdict{olds} "
        f"FROM {t}__compared AS j JOIN __files AS f ON f.ordinal = int_div(j._row, {ROWS_PER_FILE})"
    )


def changed(contract: Contract, excluded: list[str], *, all_new: bool) -> str:
    """Return `<t>__changed`: rows to insert or update, in silver's columns, with the old values that gold needs."""
    t = contract.name
    names = ", ".join(f"v.{quoted(c.name)} AS {quoted(c.name)}" for c in contract.content)
    none = "".join(f", CAST(NULL AS {_sql_type(contract, c)}) AS _old_{c}" for c in old_columns(contract))
    if all_new:
        return f"SELECT v._row AS _row, '{INSERT}' AS _verdict, {names}{none} FROM {valid(t, excluded)} AS v"
    olds = "".join(f", d._old_{c} AS _old_{c}" for c in old_columns(contract))
    return (
        f"SELECT v._row AS _row, '{INSERT}' AS _verdict, {names}{none} FROM {t}__parsed AS v "
        f"JOIN {t}__candidates AS n ON n._row = v._row AND n._new UNION ALL "
        f"SELECT v._row AS _row, '{UPDATE}' AS _verdict, {names}{olds} FROM {t}__parsed AS v "
        f"JOIN {t}__resolved AS d ON d._row = v._row AND d._verdict = '{UPDATE}'"
    )


def dates(contract: Contract, date: str) -> str:
    """Return the SELECT of the dates that each file's changed rows have now, and had in silver before.

    One more than `MAX_FILE_DATES` of them says that there are too many to list.
    """
    ordinal = f"int_div(_row, {ROWS_PER_FILE})"
    held = quoted(f"_old_{date}" if date in old_columns(contract) else date)
    found = f"SELECT DISTINCT {ordinal} AS ordinal, {quoted(date)} AS came, {held} AS held"
    return f"{found} FROM {contract.name}__changed LIMIT {MAX_FILE_DATES + 1}"


def _sql_type(contract: Contract, column: str) -> str:
    return in_athena(contract.column(column).data_type)


def verdicts(t: str, relation: str) -> str:
    """Return the SELECT that counts rows by verdict."""
    return f"SELECT _verdict, count(*) AS n FROM {t}__{relation} GROUP BY _verdict"


def merge_source(contract: Contract, *, is_sorted: bool) -> str:
    """Return the SELECT of rows to merge and provenance, sorted by date if the table has one and they are not yet."""
    names = ", ".join(f"c.{quoted(col.name)} AS {quoted(col.name)}" for col in contract.content)
    date = contract.date_column
    return (
        f"SELECT {names}, f.file_time AS _file_time, f.file AS _file, "
        f"CAST(c._row - f.ordinal * {ROWS_PER_FILE} AS INTEGER) AS _line "
        f"FROM {contract.name}__changed AS c JOIN __files AS f ON f.ordinal = int_div(c._row, {ROWS_PER_FILE})"
        + (f" ORDER BY c.{quoted(date)}" if date and not is_sorted else "")
    )

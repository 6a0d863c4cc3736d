"""The load's statements, made from contracts: pure text in Athena SQL, run by every engine.

Relations, all named after the silver table (`<t>` below):

    __raw             text columns of landing, `_row`, `_malformed`
    <t>__parsed       typed columns, `_codes` and `_warnings` (comma-ended lists of rule codes), `_row`
    <t>__missing_<n>  parents of the n-th reference that are neither in silver nor in this run
    <t>__waiting      `_row`, `_codes` of rows whose parent is missing
    <t>__repeated     keys that occur more than once among the valid rows
    <t>__losers       `_row` of older versions of such a key
    <t>__differing    `_row`, `_new` of valid latest versions that silver does not hold like that
    <t>__judged       `_row`, `_verdict`, and what silver held, for those that it holds otherwise
    <t>__decided      the same with ties decided
    <t>__changed      the rows to merge, in the columns of silver, with `_row` and `_old_…`

`_row` identifies a record: ordinal of its file times `ROWS_PER_FILE`, plus its line. Files are numbered by (time,
name), so that the order of `_row` is the order (file time, file name, line) that breaks ties.
"""

from __future__ import annotations

from sqlglot import exp

from lakehouse_assets.contracts import Column, Contract
from lakehouse_assets.sql.dialects import parse

ROWS_PER_FILE = 2**33
INSERT, UPDATE, STALE, TIE = "insert", "update", "stale", "tie"
CASTS = {"INT": "parse_int", "DATE": "parse_date", "BOOLEAN": "parse_bool", "TIMESTAMP": "parse_instant"}


def quoted(name: str | None) -> str:
    """A column name that no engine mistakes for a keyword."""
    return f'"{name}"'


def cast_of(column: Column) -> str:
    """The typed value of a landing column: the macro of its type; blank text is NULL."""
    source = quoted(column.source or column.name)
    if column.type == "STRING":
        return f"CASE WHEN NOT blank({source}) THEN {source} END"
    macro = "parse_amount" if column.type.startswith("DECIMAL") else CASTS[column.type]
    return f"{macro}({source})"


def parsed(contract: Contract) -> str:
    """`<t>__parsed` from `__raw`: every cast once, every row rule on the raw text."""
    columns = [c for c in contract.content if c.source]
    texts = ", ".join(f"{quoted(str(c.source))} AS {quoted(f'text__{c.source}')}" for c in columns)
    casts = ", ".join(f"{cast_of(c)} AS {quoted(c.name)}" for c in columns)
    names = ", ".join(quoted(c.name) for c in columns)
    rejects, warnings = _codes(contract, "reject"), _codes(contract, "warn")
    return (
        f"SELECT _row, {names}, CASE WHEN _malformed THEN 'row_malformed,' ELSE {rejects} END AS _codes, "
        f"CASE WHEN _malformed THEN '' ELSE {warnings} END AS _warnings "
        f"FROM (SELECT _row, _malformed, {texts}, {casts} FROM __raw) AS typed"
    )


def _codes(contract: Contract, verdict: str) -> str:
    """One text of all codes that fire, each followed by a comma; it is only put together where one does."""
    rules = [r for r in contract.rules_of("row") if r.verdict == verdict]
    if not rules:
        return "''"
    predicates = [(r.code, _on_typed(r.implementation, contract)) for r in rules]
    parts = [f"CASE WHEN {predicate} THEN '{code},' ELSE '' END" for code, predicate in predicates]
    some = " OR ".join(f"({predicate})" for _, predicate in predicates)
    return f"CASE WHEN {some} THEN {' || '.join(parts)} ELSE '' END"


def _on_typed(predicate: str, contract: Contract) -> str:
    """A rule's predicate with every cast that `parsed` makes anyway replaced by its column."""
    columns = [c for c in contract.content if c.source]
    made = {_quoted_text(parse(cast_of(c))): c for c in columns}

    def replace(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Anonymous) and _quoted_text(node) in made:
            return exp.column(made[_quoted_text(node)].name, quoted=True)
        if isinstance(node, exp.Column):
            return exp.column(f"text__{node.name}", quoted=True)
        return node

    return parse(predicate).transform(replace).sql("athena")


def _quoted_text(node: exp.Expr) -> str:
    """The text of an expression with every column in quotes, so that spellings compare equal."""
    return node.sql("athena", identify=True)


def tally(t: str) -> str:
    """How many rows carry which codes: one row per combination of codes and warnings."""
    return f"SELECT _codes, _warnings, count(*) AS n FROM {t}__parsed GROUP BY _codes, _warnings"


def missing(t: str, column: str, parent: str, parent_column: str, parent_parsed: str | None) -> str:
    """Parents that rows without a reject name, found neither in this run's valid rows nor in silver."""
    c, p = quoted(column), quoted(parent_column)
    batch = f" AND NOT EXISTS (SELECT 1 FROM {parent_parsed} AS b WHERE b._codes = '' AND b.{p} = v.{c})"
    return (
        f"SELECT DISTINCT v.{c} AS parent FROM {t}__parsed AS v WHERE v._codes = ''{batch if parent_parsed else ''} "
        f"AND NOT EXISTS (SELECT 1 FROM {parent} AS s WHERE s.{p} = v.{c})"
    )


def waiting(t: str, dataset: str, references: list[tuple[str, str, str]]) -> str:
    """Rows that wait for a parent; references are (code, column, relation of missing parents).

    `_expired` says that the row was first seen (relation `__seen`) at or before the parameter `:limit`.
    """
    joins = " ".join(
        f"LEFT JOIN {rel} AS m{i} ON m{i}.parent = v.{quoted(c)}" for i, (_, c, rel) in enumerate(references)
    )
    codes = " || ".join(
        f"CASE WHEN m{i}.parent IS NOT NULL THEN '{code},' ELSE '' END" for i, (code, _, _) in enumerate(references)
    )
    found = " OR ".join(f"m{i}.parent IS NOT NULL" for i in range(len(references)))
    line = f"v._row - f.ordinal * {ROWS_PER_FILE}"
    seen = f"s.dataset = '{dataset}' AND s.file = f.file AND s.etag = f.etag AND s.line = {line}"
    return (
        f"SELECT v._row AS _row, {codes} AS _codes, coalesce(s.first_seen <= :limit, FALSE) AS _expired "
        f"FROM {t}__parsed AS v {joins} JOIN __files AS f ON f.ordinal = int_div(v._row, {ROWS_PER_FILE}) "
        f"LEFT JOIN __seen AS s ON {seen} WHERE v._codes = '' AND ({found})"
    )


def valid(t: str, excluded: list[str]) -> str:
    """Rows of `<t>__parsed` without a reject that are in none of the excluded relations, as a FROM item."""
    rest = "".join(f" AND NOT EXISTS (SELECT 1 FROM {e} AS x WHERE x._row = v._row)" for e in excluded)
    return f"(SELECT * FROM {t}__parsed AS v WHERE v._codes = ''{rest})"


def repeated(contract: Contract, excluded: list[str]) -> str:
    """Keys that occur more than once among the valid rows."""
    key = ", ".join(f"v.{quoted(k)}" for k in contract.key)
    return f"SELECT {key} FROM {valid(contract.name, excluded)} AS v GROUP BY {key} HAVING count(*) > 1"


def losers(contract: Contract, excluded: list[str]) -> str:
    """Older versions of a repeated key, by (event time, file time, file name, line)."""
    t, event = contract.name, contract.event_time
    key = ", ".join(f"v.{quoted(k)}" for k in contract.key)
    on = " AND ".join(f"r.{quoted(k)} = v.{quoted(k)}" for k in contract.key)
    order = f"v.{quoted(event)} DESC, v._row DESC" if event else "v._row DESC"
    ranked = (
        f"SELECT v._row AS _row, row_number() OVER (PARTITION BY {key} ORDER BY {order}) AS position "
        f"FROM {valid(t, excluded)} AS v JOIN {t}__repeated AS r ON {on}"
    )
    return f"SELECT _row FROM ({ranked}) AS ranked WHERE position > 1"


def held_dates(contract: Contract, excluded: list[str]) -> str:
    """Dates that silver holds for the keys of this run (or one NULL where the table has no date): literal bounds."""
    date = contract.properties.get("date_column")
    what = f"s.{quoted(date)}" if date else "CAST(NULL AS DATE)"
    on = " AND ".join(f"v.{quoted(k)} = s.{quoted(k)}" for k in contract.key)
    source = valid(contract.name, excluded)
    return (
        f"SELECT DISTINCT {what} AS held FROM {contract.catalog_name} AS s "
        f"WHERE EXISTS (SELECT 1 FROM {source} AS v WHERE {on})"
    )


def differing(contract: Contract, excluded: list[str]) -> str:
    """`<t>__differing`: valid latest versions that silver does not hold with the same content; `_new` when not at all.

    Compares fingerprints, so that the join carries a key and eight bytes per row whatever the table's width.
    """
    names = [quoted(c.name) for c in contract.content if not c.key]
    content = ", ".join(names)
    key = ", ".join(quoted(k) for k in contract.key)
    on = " AND ".join(f"s.{quoted(k)} = v.{quoted(k)}" for k in contract.key)
    held = f"SELECT {key}, fingerprint({content}) AS _print FROM {contract.catalog_name}{_bounded(contract)}"
    came = ", ".join(f"v.{name}" for name in names)
    return (
        f"SELECT v._row AS _row, s._print IS NULL AS _new FROM {valid(contract.name, excluded)} AS v "
        f"LEFT JOIN ({held}) AS s ON {on} WHERE s._print IS NULL OR s._print <> fingerprint({came})"
    )


def _bounded(contract: Contract) -> str:
    """Literal bounds of the table's date column; `:all` where they would not spare anything."""
    date = contract.properties.get("date_column")
    return f" WHERE :all OR {quoted(date)} IN (:held)" if date else ""


def judged(contract: Contract) -> str:
    """`<t>__judged`: rows that silver holds with other content: update, stale, or tie (decided by `decided`)."""
    on = " AND ".join(f"s.{quoted(k)} = v.{quoted(k)}" for k in contract.key)
    event = contract.event_time
    aged = (
        f"CASE WHEN v.{quoted(event)} > s.{quoted(event)} THEN '{UPDATE}' "
        f"WHEN v.{quoted(event)} < s.{quoted(event)} THEN '{STALE}' ELSE '{TIE}' END"
    )
    verdict = aged if event else f"'{TIE}'"
    old = ", ".join(
        f"s.{quoted(c)} AS {quoted('_old_' + c)}" for c in (*_old(contract), "_file_time", "_file", "_line")
    )
    silver = f"(SELECT * FROM {contract.catalog_name}{_bounded(contract)})"
    return (
        f"SELECT v._row AS _row, {verdict} AS _verdict, {old} FROM {contract.name}__parsed AS v "
        f"JOIN {contract.name}__differing AS d ON d._row = v._row AND NOT d._new JOIN {silver} AS s ON {on}"
    )


def _old(contract: Contract) -> list[str]:
    """Columns whose old value gold needs to know: those that its windows and joins go by."""
    return [
        c.name for c in contract.content if c.name in {"date", "user_id", "order_id"} and c.name not in contract.key
    ]


def decided(contract: Contract) -> str:
    """`<t>__decided`: the rows of `<t>__judged`, ties decided by file time, file name, line."""
    t = contract.name
    line = f"j._row - f.ordinal * {ROWS_PER_FILE}"
    newer = (
        "f.file_time > j._old__file_time OR (f.file_time = j._old__file_time AND (f.file > j._old__file OR "
        f"(f.file = j._old__file AND {line} > j._old__line)))"
    )
    verdict = f"CASE WHEN j._verdict <> '{TIE}' THEN j._verdict WHEN {newer} THEN '{UPDATE}' ELSE '{STALE}' END"
    olds = "".join(f", j._old_{c} AS _old_{c}" for c in _old(contract))
    return (
        f"SELECT j._row AS _row, {verdict} AS _verdict{olds} "
        f"FROM {t}__judged AS j JOIN __files AS f ON f.ordinal = int_div(j._row, {ROWS_PER_FILE})"
    )


def changed(contract: Contract, excluded: list[str], *, all_new: bool) -> str:
    """`<t>__changed`: rows to insert or update, in silver's columns, with what gold must know of the old version."""
    t = contract.name
    names = ", ".join(f"v.{quoted(c.name)} AS {quoted(c.name)}" for c in contract.content)
    none = "".join(f", CAST(NULL AS {_sql_type(contract, c)}) AS _old_{c}" for c in _old(contract))
    if all_new:
        return f"SELECT v._row AS _row, '{INSERT}' AS _verdict, {names}{none} FROM {valid(t, excluded)} AS v"
    olds = "".join(f", d._old_{c} AS _old_{c}" for c in _old(contract))
    return (
        f"SELECT v._row AS _row, '{INSERT}' AS _verdict, {names}{none} FROM {t}__parsed AS v "
        f"JOIN {t}__differing AS n ON n._row = v._row AND n._new UNION ALL "
        f"SELECT v._row AS _row, '{UPDATE}' AS _verdict, {names}{olds} FROM {t}__parsed AS v "
        f"JOIN {t}__decided AS d ON d._row = v._row AND d._verdict = '{UPDATE}'"
    )


def spans(t: str, date: str) -> str:
    """First and last date of the changed rows of each file, in the order of the files."""
    ordinal, dates = (
        f"int_div(_row, {ROWS_PER_FILE})",
        f"min({quoted(date)}) AS first_date, max({quoted(date)}) AS last_date",
    )
    return f"SELECT {ordinal} AS ordinal, {dates} FROM {t}__changed GROUP BY {ordinal}"


def _sql_type(contract: Contract, column: str) -> str:
    return contract.column(column).type.replace("STRING", "VARCHAR")


def verdicts(t: str, relation: str) -> str:
    """How many rows got which verdict."""
    return f"SELECT _verdict, count(*) AS n FROM {t}__{relation} GROUP BY _verdict"


def merge_source(contract: Contract, *, is_sorted: bool) -> str:
    """The rows to merge with their provenance, sorted by date where the table has one and they are not yet."""
    names = ", ".join(f"c.{quoted(col.name)} AS {quoted(col.name)}" for col in contract.content)
    date = contract.properties.get("date_column")
    return (
        f"SELECT {names}, f.file_time AS _file_time, f.file AS _file, "
        f"CAST(c._row - f.ordinal * {ROWS_PER_FILE} AS INTEGER) AS _line "
        f"FROM {contract.name}__changed AS c JOIN __files AS f ON f.ordinal = int_div(c._row, {ROWS_PER_FILE})"
        + (f" ORDER BY c.{quoted(date)}" if date and not is_sorted else "")
    )


def owed(contract: Contract, relation: str) -> str:
    """Rejected or waiting rows with all their codes and the values that could be read, as text, in file order."""
    values = ", ".join(f"as_text(v.{quoted(c.name)}) AS {quoted(c.name)}" for c in contract.content)
    t = contract.name
    if relation == "rejected":
        codes = "v._codes || v._warnings AS _codes, FALSE AS _expired"
        return f"SELECT v._row AS _row, {codes}, {values} FROM {t}__parsed AS v WHERE v._codes <> '' ORDER BY v._row"
    codes = "w._codes || v._warnings AS _codes, w._expired AS _expired"
    waiting_rows = f"{t}__parsed AS v JOIN {t}__waiting AS w ON w._row = v._row"
    return f"SELECT v._row AS _row, {codes}, {values} FROM {waiting_rows} ORDER BY v._row"

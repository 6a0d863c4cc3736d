"""Make the load's statements about rows from contracts, in Athena SQL that every engine runs.

What becomes of several versions of a key is in `versions`, how rows that are not loaded are kept in `rejects`.

Relations, all named after the silver table (`<t>` below):

    __raw             text columns of landing, `_row`, `_malformed`
    <t>__parsed       typed columns, `_codes` and `_warnings` (comma-ended lists of rule codes), `_row`
    <t>__missing_<n>  parents of the n-th reference that are neither in silver nor in this run
    <t>__orphaned     `_row`, `_codes` of rejected rows whose parent is missing as well
    <t>__waiting      `_row`, `_codes` of rows whose parent is missing
    <t>__unloaded     rejected and waiting rows with all their codes and the values that could be read
    <t>__repeated     keys that occur more than once among the valid rows
    <t>__superseded   `_row` of older versions of such a key
    <t>__differing    `_row` of valid latest versions that silver does not hold like that
    <t>__candidates   the same with `_new`: silver does not hold their key
    <t>__compared     `_row`, `_verdict`, and what silver held, for those that it holds otherwise
    <t>__resolved     the same with ties decided
    <t>__changed      the rows to merge, in the columns of silver, with `_row` and `_old_…`

`_row` identifies a record: ordinal of its file times `ROWS_PER_FILE`, plus its line. Files are numbered by (time,
name), so that the order of `_row` is the order (file time, file name, line) that breaks ties.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from sqlglot import exp

from lakehouse_assets.contracts import Column, Contract
from lakehouse_assets.errors import ContractInvalid
from lakehouse_assets.sql.casts import cast_in, quoted
from lakehouse_assets.sql.dialects import parse
from lakehouse_assets.sql.predicates import predicate_problem

ROWS_PER_FILE = 2**33
NO_CODES = "''"
MALFORMED = "row_malformed,"
"""Holds the list of codes of a record that is none: nothing else is said of it."""


@lru_cache(maxsize=64)  # A load asks for it before it reads files and while it does, and each takes milliseconds.
def parsed(contract: Contract) -> str:
    """Return `<t>__parsed`, made from `__raw`: cast every column once, evaluate every row rule on the raw text."""
    columns = [c for c in contract.content if c.source]
    texts = ", ".join(f"{quoted(str(c.source))} AS {quoted(f'text__{c.source}')}" for c in columns)
    casts = ", ".join(f"{cast_in(contract, c)} AS {quoted(c.name)}" for c in columns)
    names = ", ".join(quoted(c.name) for c in columns)
    malformed = f"_malformed OR {_is_header(columns)}"
    made = _made(contract)
    rejects, warnings = _codes(contract, "reject", made), _codes(contract, "warn", made)
    # Without a rule that warns the text is a constant, which costs an engine nothing to make.
    warned = f"CASE WHEN {malformed} THEN '' ELSE {warnings} END" if warnings != NO_CODES else NO_CODES
    return (
        f"SELECT _row, {names}, CASE WHEN {malformed} THEN '{MALFORMED}' ELSE {rejects} END AS _codes, "
        f"{warned} AS _warnings FROM (SELECT _row, _malformed, {texts}, {casts} FROM __raw) AS typed"
    )


def _is_header(columns: Sequence[Column]) -> str:
    """Return the condition that a record is the file's header once more: every column holds its own name.

    Files that were joined have that, with a byte order mark where the second one began; blanks around a name are none
    of it, as in the first header. Where a table has one column only, its name may well be a value.
    """
    optional = {str(c.source): c.optional for c in columns}
    named = {source: source.replace("'", "''") for source in sorted(optional, key=lambda source: optional[source])}
    if len(named) == 1:
        return "FALSE"
    texts = {source: quoted(f"text__{source}") for source in named}
    absent = {source: f"{texts[source]} IS NULL OR " if optional[source] else "" for source in named}
    every = " AND ".join(f"({absent[source]}says({texts[source]}, '{name}'))" for source, name in named.items())
    # One column tells nearly every record from a header: a name is no number, day or moment, so that its value is NULL.
    # Where there is none but text, the first one that has its name somewhere in it.
    first, name = next(iter(named.items()))
    seldom_null = sorted(columns, key=lambda c: not c.required)
    valued = next((c for c in seldom_null if not c.optional and _is_no_value(c)), None)
    tells = f"{quoted(valued.name)} IS NULL" if valued else f"{texts[first]} LIKE '%{name}%'"
    return f"CASE WHEN {tells} THEN {every} ELSE FALSE END"


def _is_no_value(column: Column) -> bool:
    """Say whether a column's own name is no text of a value that the column takes."""
    source = str(column.source)
    is_word = source[:1].isalpha() and source.lower() not in {"true", "false"}
    return is_word and column.data_type.name != "STRING"


def _codes(contract: Contract, verdict: str, made: Mapping[str, exp.Expr]) -> str:
    """Return one text of all codes that fire, each followed by a comma; it is only put together where one fires.

    Args:
        contract: the table.
        verdict: of the rules that are asked.
        made: see `_made`.

    Raises:
        ContractInvalid: a predicate asks more than its row.
    """
    rules = [r for r in contract.rules_of("row") if r.verdict == verdict]
    if not rules:
        return NO_CODES
    for rule in rules:
        if problem := predicate_problem(rule.implementation):
            label = f"{contract.layer}.{contract.name}"
            raise ContractInvalid(contract=label, problem=f"rule `{rule.code}`: {problem}", rule=rule.code)
    predicates = [(r.code, _on_typed(r.implementation, made)) for r in rules]
    parts = [f"CASE WHEN {predicate} THEN '{code},' ELSE '' END" for code, predicate in predicates]
    some = " OR ".join(f"({predicate})" for _, predicate in predicates)
    return f"CASE WHEN {some} THEN {' || '.join(parts)} ELSE '' END"


def _made(contract: Contract) -> dict[str, exp.Expr]:
    """Return what `parsed` makes anyway of an expression about text: a cast is its column, and so is what it says."""
    made: dict[str, exp.Expr] = {}
    for column in contract.content:
        if column.source:
            value = exp.column(column.name, quoted=True)
            made[_quoted_text(parse(cast_in(contract, column)))] = value
            if column.data_type.name == "STRING":  # which is NULL where the text is blank, and nowhere else
                blank = exp.Anonymous(this="blank", expressions=[exp.column(column.source, quoted=True)])
                made[_quoted_text(blank)] = exp.Is(this=value, expression=exp.Null())
    return made


def _on_typed(predicate: str, made: Mapping[str, exp.Expr]) -> str:
    """Replace what `parsed` makes anyway in a rule's predicate, and let what looks at values go before what reads text.

    Engines look at the second half of an AND only where the first one holds.
    """

    def replace(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Anonymous) and _quoted_text(node) in made:
            return made[_quoted_text(node)].copy()
        if isinstance(node, exp.Column):
            return exp.column(f"text__{node.name}", quoted=True)
        return node

    def in_order(node: exp.Expr) -> exp.Expr:
        halves = sorted(node.flatten(), key=_reads_text) if isinstance(node, exp.And) else []
        return exp.and_(*halves) if halves else node

    return parse(predicate).transform(replace).transform(in_order).sql("athena")


def _reads_text(node: exp.Expr) -> bool:
    return any(column.name.startswith("text__") for column in node.find_all(exp.Column))


def _quoted_text(node: exp.Expr) -> str:
    """Return the text of an expression with every column in quotes, so that different spellings compare equal."""
    return node.sql("athena", identify=True)


def tally(t: str) -> str:
    """Return the SELECT that counts rows by their codes: one row per combination of codes and warnings."""
    return f"SELECT _codes, _warnings, count(*) AS n FROM {t}__parsed GROUP BY _codes, _warnings"


def missing(t: str, column: str, parent: str, parent_column: str, parent_parsed: str | None) -> str:
    """Return the SELECT of parents that rows, good or bad, name and neither this run's valid rows nor silver hold."""
    p = quoted(parent_column)
    named = f"SELECT DISTINCT {quoted(column)} AS parent FROM {t}__parsed WHERE {quoted(column)} IS NOT NULL"
    held = f"LEFT JOIN {parent} AS s ON s.{p} = v.parent"
    if not parent_parsed:
        return f"SELECT v.parent AS parent FROM ({named}) AS v {held} WHERE s.{p} IS NULL"
    batch = f"LEFT JOIN (SELECT {p} AS parent FROM {parent_parsed} WHERE _codes = '') AS b ON b.parent = v.parent"
    return f"SELECT v.parent AS parent FROM ({named}) AS v {batch} {held} WHERE b.parent IS NULL AND s.{p} IS NULL"


def near_misses(missing: str, parent: str, parent_column: str, parent_parsed: str | None, limit: int) -> str:
    """Return the SELECT of missing parents (`named`) and for each a key that is there (`known`) and looks alike.

    Keys look alike that differ in blanks, case, leading zeros or zeros after a point only; of several the first in
    order is taken. There are `limit` rows at most.
    """
    p = quoted(parent_column)
    batch = f" UNION ALL SELECT b.{p} AS known FROM {parent_parsed} AS b WHERE b._codes = ''" if parent_parsed else ""
    return (
        f"SELECT m.parent AS named, min(k.known) AS known FROM {missing} AS m "
        f"JOIN (SELECT s.{p} AS known FROM {parent} AS s{batch}) AS k ON key_shape(k.known) = key_shape(m.parent) "
        f"GROUP BY m.parent ORDER BY m.parent LIMIT {limit}"
    )


def waiting_keys(pending: str, dataset: str, code: str, source: str) -> str:
    """Return the SELECT of the keys of parents (`named`) that rows of a dataset wait for by a code; `n` rows each."""
    key = f"parse_key(json_field(p.fields, '{source}'))"
    return (
        f"SELECT {key} AS named, count(*) AS n FROM {pending} AS p "
        f"WHERE p.dataset = '{dataset}' AND has_code(p.codes, '{code}') GROUP BY {key}"
    )


def most_waited_for(waiting: str, parent: str, parent_column: str, limit: int) -> str:
    """Return the SELECT of those of `waiting_keys` that most rows wait for, each with a `known` key like it."""
    p = quoted(parent_column)
    return (
        f"SELECT m.named AS named, m.n AS n, min(k.known) AS known FROM ({waiting}) AS m "
        f"LEFT JOIN (SELECT s.{p} AS known FROM {parent} AS s) AS k ON key_shape(k.known) = key_shape(m.named) "
        f"WHERE m.named IS NOT NULL GROUP BY m.named, m.n ORDER BY m.n DESC, m.named LIMIT {limit}"
    )


@dataclass(frozen=True)
class MissingParent:
    """Hold a reference with missing parents: its code, the column that names them, and the relation that lists them."""

    code: str
    column: str
    relation: str


def _orphans(references: list[MissingParent]) -> tuple[str, str, str]:
    """Return the joins of missing parents to rows `v`, the codes that follow, and the condition that any is missing."""
    numbered = list(enumerate(references))
    joins = " ".join(f"LEFT JOIN {r.relation} AS m{i} ON m{i}.parent = v.{quoted(r.column)}" for i, r in numbered)
    codes = " || ".join(f"CASE WHEN m{i}.parent IS NOT NULL THEN '{r.code},' ELSE '' END" for i, r in numbered)
    return joins, codes, " OR ".join(f"m{i}.parent IS NOT NULL" for i in range(len(references)))


def orphaned(t: str, references: list[MissingParent]) -> str:
    """Return the SELECT of rejected rows whose parent is missing, with the codes that this adds."""
    joins, codes, found = _orphans(references)
    of = f"FROM {t}__parsed AS v {joins} WHERE v._codes NOT IN ('', '{MALFORMED}') AND ({found})"
    return f"SELECT v._row AS _row, {codes} AS _codes {of}"


def waiting(t: str, dataset: str, references: list[MissingParent]) -> str:
    """Return the SELECT of rows that wait for a parent.

    `_expired` says that the row was first seen (relation `__seen`) at or before the parameter `:limit`.
    """
    joins, codes, found = _orphans(references)
    line = f"v._row - f.ordinal * {ROWS_PER_FILE}"
    seen = f"s.dataset = '{dataset}' AND s.file = f.file AND s.etag = f.etag AND s.line = {line}"
    return (
        f"SELECT v._row AS _row, {codes} AS _codes, coalesce(s.first_seen <= :limit, FALSE) AS _expired "
        f"FROM {t}__parsed AS v {joins} JOIN __files AS f ON f.ordinal = int_div(v._row, {ROWS_PER_FILE}) "
        f"LEFT JOIN __seen AS s ON {seen} WHERE v._codes = '' AND ({found})"
    )


def valid(t: str, excluded: list[str], among: str | None = None) -> str:
    """Return, as a FROM item, the rows of `<t>__parsed` without a reject that are in none of the excluded relations.

    Args:
        t: the table.
        excluded: relations of rows that are left out.
        among: some rows of `<t>__parsed` as a FROM item; None for all.
    """
    rows = f"SELECT v.* FROM {among or f'{t}__parsed'} AS v"
    if not excluded:
        return f"({rows} WHERE v._codes = '')"
    # A join, not NOT EXISTS, for which DuckDB collects all rows of the outer side first: thirteen times the time. And
    # one join for all relations, since each row is looked for once per join.
    left_out = " UNION ALL ".join(f"SELECT _row FROM {relation}" for relation in excluded)
    join = f"LEFT JOIN ({left_out}) AS x ON x._row = v._row"
    return f"({rows} {join} WHERE v._codes = '' AND x._row IS NULL)"

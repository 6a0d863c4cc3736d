"""Make the generic checks: assertions whose SQL follows from the contract, instead of being written per table.

    keys_unique     no key occurs twice
    no_orphans      every parent that the contract's references name is there
    volume          the newest date holds at least a share (half) of the rows of an average date before it
    freshness       the newest date is at most some days (two) before the run
    date_in_future  no date is more than some days after the run

What lies further in the future than `date_in_future` allows (a day, where the table has no such check) is no newest
date: one wrong row would hide for ever that nothing comes any more.

A run asks the first two of what it touched only: rows whose file is as old as its oldest one (`:since`), or newer. The
first run of a week asks them of whole tables, as one without any clock of a file does.

Any assertion may say `:everything OR day IN (:touched)`: then a run that has days asks it of its own days and of those
that it has changed besides, so that what a check reads does not grow with a table's history. Keys of a table that is
partitioned by day are looked for there, too. What is asked whole is asked with `WHOLE`.

Here: the checks' text in Athena SQL, one SELECT each whose rows are failures. Not here: running it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal

from lakehouse_assets.contracts.model import Contract, Rule

TOMORROW = 1
"""Counts the days after the run's date in UTC that some zone has reached already."""

WHOLE: Mapping[str, bool | tuple[()]] = {"everything": True, "touched": ()}
"""Holds the parameters of an assertion that is asked of whole tables."""

FILE_TIME = "_file_time"
"""Names the column of silver that says when a row's file was changed."""


def assertion_sql(contract: Contract, rule: Rule, *, touched: bool = False) -> str:
    """Return the SELECT of a rule that is evaluated as a query: as written, or made from the contract.

    Args:
        contract: the table.
        rule: one of its rules.
        touched: whether to ask only of rows that came since the parameter `:since`, where that can be told.
    """
    if touched and rule.kind in TOUCHED and any(column.name == FILE_TIME for column in contract.columns):
        return TOUCHED[rule.kind](contract)
    if touched and rule.kind == "keys_unique":
        return _keys_unique(contract, rule, _within(contract))
    return GENERIC[rule.kind](contract, rule) if rule.kind in GENERIC else rule.implementation


def date_of(contract: Contract, rule: Rule) -> str | None:
    """Return the DATE column that a check of dates uses: the check's, the table's, or the window of gold."""
    dates = {c.name for c in contract.columns if c.type == "DATE"}
    return rule.column or next((name for name in (contract.date_column, contract.window) if name in dates), None)


def partition_day(contract: Contract) -> str | None:
    """Return the DATE column by which a table is partitioned; None where it is not."""
    dates = {c.name for c in contract.columns if c.type == "DATE"}
    return next((name for name in contract.partition_by if name in dates), None)


def _within(contract: Contract, alias: str = "") -> str:
    """Return the condition that keeps a check to the days that a run touched; empty for a table without such days."""
    day = partition_day(contract)
    return f"(:everything OR {alias}{_named(day)} IN (:touched))" if day else ""


def _keys_unique(contract: Contract, _rule: Rule, within: str = "") -> str:
    key, where = ", ".join(map(_named, contract.key)), f" WHERE {within}" if within else ""
    return f"SELECT {key}, count(*) AS n FROM {contract.catalog_name}{where} GROUP BY {key} HAVING count(*) > 1"


def _touched_keys_unique(contract: Contract) -> str:
    """Return the SELECT of keys that came since `:since` and are in the table, or its touched days, more than once."""
    keys = [_named(name) for name in contract.key]
    same = " AND ".join(f"c.{key} = t.{key}" for key in keys)
    recent = " AND ".join(filter(None, (_came(), _within(contract))))
    came = f"SELECT DISTINCT {', '.join(keys)} FROM {contract.catalog_name} WHERE {recent}"
    listed, within = ", ".join(f"t.{key}" for key in keys), _within(contract, "t.")
    return (
        f"SELECT {listed}, count(*) AS n FROM {contract.catalog_name} AS t\n"
        f"JOIN ({came}) AS c ON {same}\n{f'WHERE {within} ' if within else ''}GROUP BY {listed} HAVING count(*) > 1"
    )


def _touched_no_orphans(contract: Contract) -> str:
    """Return the SELECT of rows that came since `:since` and whose parent is missing."""
    (own,) = _aliases([contract.catalog_name])
    whole = _no_orphans(contract, None)
    head, _, condition = whole.rpartition("WHERE ")
    recent = " AND ".join(filter(None, (_came(f"{own}."), _within(contract, f"{own}."))))
    return f"{head}WHERE {recent} AND ({condition})"


def _came(alias: str = "") -> str:
    return f"utc({alias}{_named(FILE_TIME)}) >= :since"


def _no_orphans(contract: Contract, _rule: Rule | None) -> str:
    """Return the SELECT of rows whose parent is missing.

    A NULL where the reference may be NULL names no parent, so its row is none of them.
    """
    references = contract.references
    own, *aliases = _aliases([contract.catalog_name, *(r.parent for r in references)])
    columns = [f"{own}.{_named(name)}" for name in (*contract.key, *(r.column for r in references))]
    joins = "".join(
        f"LEFT JOIN {r.parent} AS {a} ON {a}.{_named(r.parent_column)} = {own}.{_named(r.column)}\n"
        for r, a in zip(references, aliases, strict=True)
    )
    lacking = []
    for reference, alias in zip(references, aliases, strict=True):
        absent = f"{alias}.{_named(reference.parent_column)} IS NULL"
        named = f"{own}.{_named(reference.column)} IS NOT NULL"
        lacking.append(absent if contract.column(reference.column).required else f"({named} AND {absent})")
    return f"SELECT {', '.join(columns)}\nFROM {contract.catalog_name} AS {own}\n{joins}WHERE {' OR '.join(lacking)}"


def _until(contract: Contract, rule: Rule) -> str:
    """Return the latest date that a check takes for one, as an expression of the run's clock."""
    same = (r for r in contract.rules_of("date_in_future") if date_of(contract, r) == date_of(contract, rule))
    days = next((r.days for r in same), TOMORROW)
    return f"add_days(CAST(:as_of AS DATE), {days})"


def _date_in_future(contract: Contract, rule: Rule) -> str:
    day = _named(str(date_of(contract, rule)))
    columns = ", ".join(dict.fromkeys((*map(_named, contract.key), day)))
    return f"SELECT {columns} FROM {contract.catalog_name} WHERE {day} > {_until(contract, rule)}"


def _volume(contract: Contract, rule: Rule) -> str:
    day = _named(str(date_of(contract, rule)))
    # Python's own text of a small number has an exponent already.
    share = f"{Decimal(repr(rule.share)):f}"
    return (
        f"WITH days AS (SELECT {day} AS day, count(*) AS n FROM {contract.catalog_name}\n"
        f"WHERE {day} <= {_until(contract, rule)} GROUP BY {day}),\n"
        "newest AS (SELECT max(day) AS day FROM days),\n"
        "earlier AS (SELECT ratio(sum(d.n), count(d.n)) AS n FROM days AS d CROSS JOIN newest AS n "
        "WHERE d.day < n.day)\n"
        "SELECT d.day, d.n AS rows_found, e.n AS usual_rows\n"
        "FROM days AS d\n"
        "CROSS JOIN newest AS n\n"
        "CROSS JOIN earlier AS e\n"
        f"WHERE d.day = n.day AND CAST(d.n AS DOUBLE) < e.n * {share}E0"
    )


def _freshness(contract: Contract, rule: Rule) -> str:
    day = _named(str(date_of(contract, rule)))
    newest = f"max(CASE WHEN {day} <= {_until(contract, rule)} THEN {day} END)"
    recent = f"{day} BETWEEN add_days(CAST(:as_of AS DATE), -{rule.days}) AND {_until(contract, rule)}"
    return (
        f"SELECT {newest} AS newest, CAST(:as_of AS DATE) AS as_of FROM {contract.catalog_name}\n"
        # Whether there are rows of the last days is asked of these days; the whole table is read where there are none.
        f"WHERE (SELECT count(*) FROM {contract.catalog_name} WHERE {recent}) = 0\n"
        # Rows without a date that has come are as old as rows can be.
        f"HAVING max({day}) IS NOT NULL"
    )


def in_words(rule: Rule, sample: Sequence[Mapping[str, object]]) -> str | None:
    """Say what a failed check found, where its rows are no rows of the table; None for every other check.

    >>> in_words(Rule("freshness", "freshness", "warn", ""), [{"newest": "2025-04-08", "as_of": "2026-11-26"}])
    'newest 2025-04-08, 597 days before the run'
    """
    if rule.kind != "freshness" or not sample or not {"newest", "as_of"} <= sample[0].keys():
        return None
    newest, as_of = str(sample[0]["newest"])[:10], str(sample[0]["as_of"])[:10]
    if newest in {"None", "NULL"}:
        return "no row has a date that has come"
    days = (date.fromisoformat(as_of) - date.fromisoformat(newest)).days
    return f"newest {newest}, {days} day{'' if days == 1 else 's'} before the run"


GENERIC: dict[str, Callable[[Contract, Rule], str]] = {
    "keys_unique": _keys_unique,
    "volume": _volume,
    "freshness": _freshness,
    "date_in_future": _date_in_future,
    "no_orphans": _no_orphans,
}
TOUCHED: dict[str, Callable[[Contract], str]] = {
    "keys_unique": _touched_keys_unique,
    "no_orphans": _touched_no_orphans,
}


def _aliases(tables: list[str]) -> list[str]:
    """Return a short alias for each table: the initial of its last word, with a number where it is taken.

    >>> _aliases(["lake.clean_reading_items", "lake.clean_outages", "lake.old_offices"])
    ['i', 'o', 'o2']
    """
    initials = [table.rsplit(".", 1)[-1].rsplit("_", 1)[-1][0] for table in tables]
    counts = [initials[: n + 1].count(initial) for n, initial in enumerate(initials)]
    return [initial if count == 1 else f"{initial}{count}" for initial, count in zip(initials, counts, strict=True)]


def _named(name: str) -> str:
    """Write a column name, in quotes where SQL has a meaning for the bare word.

    >>> _named("station_id"), _named("date"), _named("order")
    ('station_id', '"date"', '"order"')
    """
    # Imported here: reading contracts alone should not cost the time of a SQL parser.
    from sqlglot.dialects import Athena

    is_plain = name.isidentifier() and name.isascii() and not name.startswith("_")
    is_word = name.upper() in Athena.Tokenizer.KEYWORDS or name in Athena.Generator.RESERVED_KEYWORDS
    return name if is_plain and not is_word else f'"{name}"'

"""Make the statements that find open rejects which a later version of their file corrects.

A file of one name may hold other rows on another day, so its coming alone proves nothing. A reject is corrected when
the later version has, in the same run and without a reject of its own,

    a row with its key, where the key could be read, or else, on its line,
    a row with every value that could be read of it, or
    a row whose key stands between the commas of a record that was malformed.

A record that is recognised like this, or by all that stands in the file where its key could not be read, and that the
later version rejects again, is superseded by that reject. So of a record of a file one reject is open at most.

A record that recurs, as each pull from an API brings it in pages of other names, is known by its key wherever it comes,
and where that cannot be read by what stands there: a good one corrects its rejects, one that is rejected again
supersedes them. So of such a record one reject is open at most.

Relations: `__older`, open rejects of files that come in a later version (`older`); `__recurring`, open rejects of
records that recur from pages of other runs; those of `silver` and `rejects`.
"""

from __future__ import annotations

from collections.abc import Callable

from lakehouse_assets.contracts import Contract
from lakehouse_assets.sql.casts import quoted
from lakehouse_assets.sql.rejects import BASE, KEY, SPELLED_ALIKE, aliased
from lakehouse_assets.sql.silver import ROWS_PER_FILE

SEPARATOR = "\x1f"
"""Stands between the texts of a key, none of which holds it."""


def older(rejects: Contract) -> str:
    """Return `__older`: open rejects of files that come in a later version, its `ordinal` and its etag, `later`."""
    names = aliased((*KEY, "raw", "parsed"), "h")
    later = "f.dataset = h.dataset AND f.file = h.file AND f.etag <> h.etag AND f.file_time >= h.file_time"
    return (
        f"SELECT {names}, f.ordinal AS ordinal, f.etag AS later FROM {rejects.catalog_name} AS h "
        f"JOIN __files AS f ON {later} AND NOT f.is_retried WHERE h.status = 'open'"
    )


def corrected(contract: Contract) -> str:
    """Return the SELECT of the keys of rejects in `__older` that the rows of a silver table correct; some twice."""
    names, by_key = aliased(KEY, "o"), _has_key(contract)
    of = f"SELECT {names} FROM __older AS o JOIN {contract.name}__parsed AS v"
    good = f"o.dataset = '{contract.landing}' AND v._codes = ''"
    line = f"v._row = o.ordinal * {ROWS_PER_FILE} + CAST(o.line AS BIGINT)"
    return (
        f"{of} ON {by_key} AND int_div(v._row, {ROWS_PER_FILE}) = o.ordinal WHERE {good} "
        f"UNION ALL {of} ON {line} WHERE {good} AND ({_unread(contract)}) AND {_is_alike(contract, _text)}"
    )


def rejected_again(contract: Contract) -> str:
    """Return the SELECT of the keys of rejects in `__older` that the later version rejects again; some twice."""
    of = (
        f"SELECT {aliased(KEY, 'o')} FROM __older AS o JOIN __unloaded AS u "
        "ON u.dataset = o.dataset AND u.file = o.file AND u.etag = o.later"
    )
    bad = f"o.dataset = '{contract.landing}' AND NOT u._pending"
    return (
        f"{of} AND {_identity(contract, 'u')} = {_identity(contract, 'o')} WHERE {bad} "
        f"UNION ALL {of} AND u.line = o.line "
        f"WHERE {bad} AND ({_unread(contract)}) AND {_is_alike(contract, lambda name: _read(name, 'u'))}"
    )


def recurring(rejects: Contract) -> str:
    """Return `__recurring`: open rejects of the datasets that this run reads, from other files than it reads."""
    names = aliased((*KEY, "raw", "parsed"), "h")
    same = "f.dataset = h.dataset AND f.file = h.file AND f.etag = h.etag"
    return (
        f"SELECT {names} FROM {rejects.catalog_name} AS h JOIN (SELECT DISTINCT dataset FROM __files) AS d "
        f"ON d.dataset = h.dataset LEFT JOIN __files AS f ON {same} WHERE h.status = 'open' AND f.file IS NULL"
    )


def corrected_anywhere(contract: Contract) -> str:
    """Return the SELECT of the keys of rejects in `__recurring` that a good row of a silver table corrects."""
    return (
        f"SELECT {aliased(KEY, 'o')} FROM __recurring AS o JOIN {contract.name}__parsed AS v ON {_has_key(contract)} "
        f"WHERE o.dataset = '{contract.landing}' AND v._codes = ''"
    )


def superseded(contract: Contract) -> str:
    """Return the SELECT of the keys of rejects in `__recurring` whose record this run rejects again."""
    return (
        f"SELECT {aliased(KEY, 'o')} FROM __recurring AS o JOIN __unloaded AS u ON u.dataset = o.dataset "
        f"AND {_identity(contract, 'u')} = {_identity(contract, 'o')} "
        f"WHERE o.dataset = '{contract.landing}' AND NOT u._pending"
    )


def latest(contract: Contract, kept: str) -> str:
    """Return the latest of each record among rows that are not loaded, for records that recur.

    Args:
        contract: the silver table.
        kept: the SELECT of its rows (`rejects.kept`).
    """
    order = "k.file_time DESC, k.file DESC, k.line DESC"
    place = f"row_number() OVER (PARTITION BY {_identity(contract, 'k')} ORDER BY {order}) AS _place"
    names = aliased((*BASE, "parsed", "_pending"), "p")
    return f"SELECT {names} FROM (SELECT k.*, {place} FROM ({kept}) AS k) AS p WHERE p._place = 1"


def _identity(contract: Contract, alias: str) -> str:
    """Return what tells records apart: the texts of the key, or what stands in the file where one could not be read."""
    texts = [f"json_field({alias}.parsed, '{name}')" for name in contract.key]
    key = f" || '{SEPARATOR}' || ".join(texts)
    return f"coalesce({key}, {alias}.raw)"


def _has_key(contract: Contract) -> str:
    """Return the condition that a row has the key of a reject."""
    return " AND ".join(f"{_read(name)} = as_text(v.{quoted(name)})" for name in contract.key)


def _read(column: str, alias: str = "o") -> str:
    """Return the text of a value that could be read of a rejected row; NULL for none."""
    return f"json_field({alias}.parsed, '{column}')"


def _text(column: str) -> str:
    """Return the text of a value of a row."""
    return f"as_text(v.{quoted(column)})"


def _unread(contract: Contract) -> str:
    """Return the condition that the key of a reject could not be read."""
    return " OR ".join(f"{_read(name)} IS NULL" for name in contract.key)


def _is_alike(contract: Contract, text: Callable[[str], str]) -> str:
    """Return the condition that the row on a reject's line is that reject once more.

    Args:
        contract: the silver table.
        text: returns the text of a column's value in the row.
    """
    texts = [(_read(c.name), text(c.name)) for c in contract.content if _is_spelled(contract, c.name)]
    same = " AND ".join(f"({said} IS NULL OR coalesce({said} = {value}, FALSE))" for said, value in texts)
    some = f"coalesce({', '.join(said for said, _ in texts)}) IS NOT NULL"
    marked = "'\"' || {} || '\"'"
    within = " AND ".join(
        f"(has_code(o.raw, {value}) OR has_code(o.raw, {marked.format(value)}))" for value in map(text, contract.key)
    )
    return f"CASE WHEN o.parsed IS NULL THEN {within} ELSE {some} AND {same} END"


def _is_spelled(contract: Contract, name: str) -> bool:
    return contract.column(name).data_type.name in SPELLED_ALIKE

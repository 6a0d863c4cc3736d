"""Make the statements about a file of corrected rejects: which rejects are meant, and what became of them.

Relations, beside the table of rejects itself:

    __fixes    rows of the file: `_row` (its place in it), file, line (text), etag (NULL where it says none), raw,
               whether it `says` anything, and the corrected text by column as JSON
    __meant    each row of the file with every reject that it could mean; the reject's columns are NULL where none is,
               and `raw` is NULL where it `was` the same or is not all that the row says
    __before   the table of rejects as it was before they were read again
    __pending  the rows that wait for a parent
"""

from __future__ import annotations

from collections.abc import Mapping

from lakehouse_assets.contracts import Contract
from lakehouse_assets.sql.rejects import KEY, open_where, selected_where


def meant(rejects: Contract, selection: Mapping[str, str]) -> str:
    """Return `__meant`: of rejects, open or not, that meet a selection."""
    differs = "NOT f.says AND f.raw <> '' AND f.raw <> coalesce(h.raw, '')"
    names = (
        "f._row AS _row, f.file AS file, f.line AS line, f.says AS says, h.etag AS etag, h.dataset AS dataset, "
        f"h.status AS status, CASE WHEN {differs} THEN f.raw END AS raw, CASE WHEN {differs} THEN h.raw END AS was"
    )
    held = (
        f"SELECT file, as_text(line) AS line, etag, dataset, status, raw FROM {rejects.catalog_name} "
        f"WHERE {selected_where(selection)}"
    )
    same = "h.file = f.file AND h.line = f.line"
    return (
        f"SELECT {names} FROM __fixes AS f LEFT JOIN ({held}) AS h ON {same} AND h.etag = f.etag "
        "WHERE f.etag IS NOT NULL UNION ALL "
        f"SELECT {names} FROM __fixes AS f LEFT JOIN ({held}) AS h ON {same} WHERE f.etag IS NULL"
    )


def doubtful() -> str:
    """Return the SELECT of the rows of the file that may be no correction of exactly one reject, in their order.

    Of each it says how many rejects it could mean, the how-manieth row for its reject it is, and what it says in `raw`
    where nobody reads it, beside what that `was`.
    """
    counted = (
        "SELECT _row, file, line, raw, was, count(etag) OVER (PARTITION BY _row) AS rejects, "
        "row_number() OVER (PARTITION BY file, line, etag ORDER BY _row) AS nth FROM __meant"
    )
    return (
        f"SELECT file, line, raw, was, rejects, nth FROM ({counted}) AS m "
        "WHERE rejects <> 1 OR nth > 1 OR raw IS NOT NULL ORDER BY _row"
    )


def fixed() -> str:
    """Return `__fixed`: the corrections of open rejects; those of others, and empty ones, are left out."""
    return (
        "SELECT m._row AS _row, m.dataset AS dataset, m.file AS file, m.line AS line, m.etag AS etag, "
        "f.fields AS fields FROM __meant AS m JOIN __fixes AS f ON f._row = m._row "
        "WHERE m.status = 'open' AND m.says"
    )


def counted(rejects: Contract) -> str:
    """Return the SELECT that counts `__fixed` by dataset, file and codes."""
    same = "r.file = m.file AND r.etag = m.etag AND as_text(r.line) = as_text(m.line)"
    return (
        "SELECT m.dataset AS dataset, m.file AS file, r.codes AS codes, count(*) AS n "
        f"FROM __fixed AS m JOIN {rejects.catalog_name} AS r ON {same} GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
    )


def became(rejects: Contract, selection: Mapping[str, str], *, corrected: bool) -> str:
    """Return the SELECT that counts what became of the rows that were read again: all, rejected, pending.

    Args:
        rejects: the table, as it is now.
        selection: which rows of `__before` were read again (any of code, file, run).
        corrected: whether of these only the ones of `load.retry.CorrectedRows`, relation `__corrected`.
    """
    fixes = "SELECT DISTINCT file, line, etag FROM __corrected"
    only = f" JOIN ({fixes}) AS c ON c.file = b.file AND c.line = as_text(b.line) AND c.etag = b.etag"
    asked = ", ".join(f"b.{name} AS {name}" for name in KEY)
    return (
        "SELECT count(*) AS n, count(h.line) AS rejected, "
        "count(CASE WHEN h.line IS NULL THEN p.line END) AS pending "
        f"FROM (SELECT {asked} FROM (SELECT * FROM __before WHERE {open_where(dict(selection))}) AS b"
        f"{only if corrected else ''}) AS a "
        f"LEFT JOIN (SELECT * FROM {rejects.catalog_name} WHERE status = 'open') AS h ON {_same('h', 'a')} "
        f"LEFT JOIN __pending AS p ON {_same('p', 'a')}"
    )


def _same(one: str, other: str) -> str:
    return " AND ".join(f"{one}.{name} = {other}.{name}" for name in KEY)

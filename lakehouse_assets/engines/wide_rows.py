"""Say how rows that hold the text of whole records are written over, without a join that would hold all of them.

delta-rs' MERGE holds both sides. Instead the engine streams all rows of the landed files concerned, changed or not, and
delta-rs puts them in the place of what the table holds of those files.
"""

from __future__ import annotations

from collections.abc import Sequence

from lakehouse_assets.contracts import Contract
from lakehouse_assets.sql.casts import quoted

FILE = "file"
"""Names the key column by which the rows of such a table are taken together."""
MOST_FILES = 200
"""How many files a predicate lists; of more it names the first and the last."""


def is_wide(contract: Contract) -> bool:
    """Say whether rows of a table hold the text of whole records."""
    return contract.layer == "control" and FILE in contract.key


def files_of(keys: str) -> str:
    """Return the SELECT of the landed files whose rows change, in order; of many the first and the last.

    Args:
        keys: relation of the keys of the rows to write.
    """
    some = f"SELECT DISTINCT {FILE} FROM {keys}"
    return (
        f"SELECT f.{FILE} AS {FILE} FROM (SELECT d.{FILE}, row_number() OVER (ORDER BY d.{FILE}) AS place, "
        f"count(d.{FILE}) OVER () AS files FROM ({some}) AS d) AS f "
        f"WHERE f.files <= {MOST_FILES} OR f.place IN (1, f.files) ORDER BY f.place"
    )


def within(files: Sequence[str], count: int) -> str:
    r"""Return what rows of these landed files meet, in SQL that DuckDB and delta-rs read alike.

    >>> within(["a", "it's"], 2), within(["a", "z"], 900)
    ('"file" IN (\'a\', \'it\'\'s\')', '"file" >= \'a\' AND "file" <= \'z\'')
    """
    texts = ["'" + file.replace("'", "''") + "'" for file in files]
    if count > len(files):
        return f'"{FILE}" >= {texts[0]} AND "{FILE}" <= {texts[-1]}'
    return f'"{FILE}" IN ({", ".join(texts)})'


def those_that_stay(contract: Contract, keys: str, where: str) -> str:
    """Return the SELECT of the rows that a table holds of landed files beside those that are written over.

    Args:
        contract: the table.
        keys: relation of the keys of the rows to write.
        where: what rows of these files meet.
    """
    columns = ", ".join(f"b.{quoted(c.name)}" for c in contract.columns)
    same = " AND ".join(f"k.{quoted(name)} = b.{quoted(name)}" for name in contract.key)
    held = f"SELECT * FROM {contract.catalog_name} WHERE {where}"
    return f"SELECT {columns} FROM ({held}) AS b LEFT JOIN {keys} AS k ON {same} WHERE k.{FILE} IS NULL"

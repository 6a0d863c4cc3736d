"""Find out whether a table's files are there as its metadata says, without reading a row.

Here: what is wrong, in words. Not here: who is told, and the way out (`load/soundness.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from lakehouse_assets.contracts import Contract
from lakehouse_assets.engines import delta
from lakehouse_assets.errors import LakeIncomplete
from lakehouse_assets.storage.lake import Lake

SPOILT = (ValueError, KeyError, TypeError, IndexError, EOFError, OSError)
"""Lists what parsers of JSON and Avro raise of files that are not what they were."""


@dataclass(frozen=True)
class Damage:
    """Hold what is wrong with a table, in words that follow its name.

    Attributes:
        words: what is wrong.
        is_unreadable: whether not even its metadata can be read.
    """

    words: str
    is_unreadable: bool = False


def damage_of(contract: Contract, lake: Lake) -> Damage | None:
    """Return what is wrong with a table; None for a sound one.

    Raises:
        TableMissing: there is no such table.
        LakeElsewhere: the lake was copied or moved.
    """
    from deltalake.exceptions import DeltaError

    try:
        sizes = lake.iceberg_sizes(contract) if contract.layer == "gold" else _delta_sizes(contract, lake)
    except LakeIncomplete as error:
        return Damage(f"its file `{lake.relative(error.facts['file'])}` is gone", is_unreadable=True)
    except (DeltaError, *SPOILT) as error:
        first = (str(error).splitlines() or [type(error).__name__])[0]
        return Damage(f"its metadata cannot be read ({first})", is_unreadable=True)
    return _lost(sizes, lake)


def _delta_sizes(contract: Contract, lake: Lake) -> dict[str, int]:
    files = delta.data_files(lake.delta(contract))
    return {f"{lake.key(contract)}/{unquote(path)}": size for path, size in files.items()}


def _lost(sizes: Mapping[str, int], lake: Lake) -> Damage | None:
    found = ((key, size, lake.store.size(key)) for key, size in sizes.items())
    for key, size, is_size in found:
        if is_size is None:
            return Damage(f"its file `{key}` is gone")
        if is_size != size:
            return Damage(f"its file `{key}` has {is_size:,} bytes and not {size:,}")
    return None

"""Find out what is wrong with a table's files, without reading a row, and whether anything of the table can be read.

Here: what is wrong, in words that follow a table's name. Not here: who is told, and the way out (`load/soundness.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lakehouse_assets.contracts import Contract
from lakehouse_assets.errors import LakeIncomplete, TableDamaged
from lakehouse_assets.storage.lake import Lake

if TYPE_CHECKING:
    from deltalake import DeltaTable


@dataclass(frozen=True)
class Damage:
    """Hold what is wrong with a table, in words that follow its name.

    Attributes:
        words: what is wrong.
        is_unreadable: whether not even its metadata can be read.
        is_inside: whether only who reads a file's bytes sees it, so that no run sees it by itself.
    """

    words: str
    is_unreadable: bool = False
    is_inside: bool = False


def damage_of(contract: Contract, lake: Lake, opened: Callable[[], DeltaTable | None] | None = None) -> Damage | None:
    """Return what is wrong with a table; None for a sound one.

    Args:
        contract: the table.
        lake: where it is.
        opened: gives the table where somebody opens it anyway.

    Raises:
        TableMissing: there is no such table.
        LakeElsewhere: the lake was copied or moved.
    """
    try:
        misfit = next(lake.misfits(contract, opened() if opened else None), None)
    except LakeIncomplete as error:
        return Damage(f"its file `{lake.relative(error.facts['file'])}` is not there", is_unreadable=True)
    except TableDamaged as error:
        return Damage(str(error.facts["problem"]), is_unreadable=True)
    if misfit is None:
        return None
    key, size, found = misfit
    became = "is not there" if found is None else f"has {found:,} bytes and not {size:,}"
    return Damage(f"its file `{key}` {became}")

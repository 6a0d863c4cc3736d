"""Read small records of the lake, such as entries of its history and messages: a damaged one is named and passed over.

Each of them is one JSON object of many, so that one that cannot be read keeps nobody from the others.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

import orjson

from lakehouse_assets.errors import BadRequest, ObjectMissing, StateDamaged
from lakehouse_assets.storage.objects import ObjectStore

Record = TypeVar("Record")
"""The type of what a record is read as."""
Tell = Callable[[StateDamaged], None]
"""Takes why a record was passed over."""
LOG = logging.getLogger("lakehouse.records")
WAY_OUT = "put the file back from a backup of the lake, or remove it"


def log(error: StateDamaged) -> None:
    """Say in the log that a record was passed over."""
    LOG.warning("%s; it is passed over", error)


@dataclass
class PassedOver:
    """Gather which records were passed over, for one sentence about all of them."""

    errors: list[StateDamaged] = field(default_factory=list)

    def __call__(self, error: StateDamaged) -> None:
        """Take why a record was passed over; one that was met before is no other one."""
        if str(error) not in map(str, self.errors):
            self.errors.append(error)

    @property
    def sentence(self) -> str:
        """Return the sentence; empty where nothing was passed over."""
        if not self.errors:
            return ""
        others = len(self.errors) - 1
        return f"{self.errors[0]}; {f'it and {others} more are' if others else 'it is'} passed over"


def read_record(store: ObjectStore, key: str, made: Callable[[Any], Record]) -> Record:
    """Return one record.

    Args:
        store: the lake.
        key: of the record.
        made: makes the record of its JSON value; raises what comes of a value that is none.

    Raises:
        ObjectMissing: there is none.
        StateDamaged: it cannot be read.
    """
    data = store.read(key)
    try:
        return made(orjson.loads(data))
    except (ValueError, KeyError, TypeError, AttributeError, BadRequest) as error:
        problem = f"{type(error).__name__}: {error}".partition("\n")[0]
        file = store.location(key)
        raise StateDamaged(what="the record", file=file, problem=problem, way_out=WAY_OUT) from error


def records(
    store: ObjectStore, keys: Iterable[str], made: Callable[[Any], Record], tell: Tell = log
) -> Iterator[tuple[str, Record]]:
    """Yield the records that can be read, each with its key; one that somebody has cleared away is none.

    Args:
        store: the lake.
        keys: of the records.
        made: as for `read_record`.
        tell: is told of each that is passed over.
    """
    for key in keys:
        try:
            record = read_record(store, key, made)
        except ObjectMissing:
            continue
        except StateDamaged as error:
            tell(error)
        else:
            yield key, record

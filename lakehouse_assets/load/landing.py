"""From landed files to a batch of text: which road each file takes, and what is refused as a whole."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from lakehouse_assets.core.manifest import FileEntry
from lakehouse_assets.engines.protocol import NativeFile, TextBatch
from lakehouse_assets.errors import FileUnreadable, LandingChanged
from lakehouse_assets.load.mixed import batches
from lakehouse_assets.load.reader import BOM, Lines, plain_records
from lakehouse_assets.sql.silver import ROWS_PER_FILE

if TYPE_CHECKING:
    import pyarrow as pa

READERS = 2
"""Files looked at side by side; each is held in memory as a whole."""


class Landing(Protocol):
    """Where the files of a manifest can be read."""

    def read(self, entry: FileEntry) -> bytes:
        """The object's bytes."""

    def uri(self, entry: FileEntry) -> str:
        """Where an engine's own reader finds the object."""

    def is_unchanged(self, entry: FileEntry) -> bool:
        """Whether the object is still the one that the manifest names."""


@dataclass
class Sources:
    """What the files of one dataset gave: plain and odd files, refusals, and a count that no parser made."""

    columns: tuple[str, ...]
    optional: frozenset[str] = frozenset()
    native: list[NativeFile] = field(default_factory=list)
    odd: list[tuple[int, FileEntry]] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)
    extra_columns: dict[str, list[str]] = field(default_factory=dict)
    strict_records: int = 0

    @property
    def needed(self) -> tuple[str, ...]:
        """The columns that a file must have."""
        return tuple(name for name in self.columns if name not in self.optional)

    @property
    def read(self) -> int:
        """Records in the files, headers aside: counted from bytes in plain files, by the strict reader in others."""
        return sum(f.records for f in self.native) + self.strict_records


def survey(
    entries: Mapping[int, FileEntry],
    columns: tuple[str, ...],
    landing: Landing,
    *,
    strict: bool,
    optional: frozenset[str] = frozenset(),
) -> Sources:
    """Look at every file once.

    Args:
        entries: ordinal -> file.
        columns: the landing columns that are wanted.
        landing: where to read.
        strict: whether all files take the strict reader (an engine's reader refused one).
        optional: those of the columns that a file may lack.
    """
    found = Sources(columns, optional)
    with ThreadPoolExecutor(READERS) as pool:
        looks = pool.map(lambda entry: _look(entry, found.needed, landing, strict=strict), entries.values())
        for (ordinal, entry), look in zip(entries.items(), looks, strict=True):
            _add(found, ordinal, entry, look, landing)
    return found


@dataclass(frozen=True)
class _Look:
    """One file at a glance: header (None when it is empty), records when it is plain, why it is not taken."""

    header: tuple[str, ...] | None = None
    records: int | None = None
    refused: str | None = None
    changed: bool = False


def _look(entry: FileEntry, columns: tuple[str, ...], landing: Landing, *, strict: bool) -> _Look:
    if not landing.is_unchanged(entry):
        return _Look(changed=True)
    try:
        content = content_of(entry, landing)
        header = header_of(entry, content, columns)
    except FileUnreadable as error:
        return _Look(refused=str(error))
    if header is None:
        return _Look()
    return _Look(header, None if strict or content.startswith(BOM) else plain_records(content, len(header)))


def _add(found: Sources, ordinal: int, entry: FileEntry, look: _Look, landing: Landing) -> None:
    if look.changed:
        found.skipped.append(entry.key)
    if look.refused:
        found.refused[entry.key] = look.refused
    if look.header is None:
        return
    extra = [name for name in look.header if name not in found.columns]
    if extra:
        found.extra_columns[entry.key] = extra
    if look.records is None:
        found.odd.append((ordinal, entry))
    elif look.records:
        found.native.append(NativeFile(ordinal, landing.uri(entry), look.header, look.records))


def content_of(entry: FileEntry, landing: Landing) -> bytes:
    """The file's bytes, unpacked.

    Raises:
        FileUnreadable: it ends in .gz and is no gzip.
    """
    content = landing.read(entry)
    if not entry.key.endswith(".gz"):
        return content
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise FileUnreadable(key=entry.key, problem="it is no complete gzip file") from error


def header_of(entry: FileEntry, content: bytes, columns: tuple[str, ...]) -> tuple[str, ...] | None:
    """The file's column names; None for an empty file.

    Raises:
        FileUnreadable: the first record is no header of this dataset.
    """
    first, _ = Lines(content[: 1 << 20]).header()
    if first is None:
        return None
    header = tuple(name.strip(" \t") for name in first.fields or ())
    missing = [name for name in columns if name not in header]
    if not first.fields or len(header) == 1 < len(columns):
        raise FileUnreadable(key=entry.key, problem="its first line is no CSV header")
    if missing:
        raise FileUnreadable(key=entry.key, problem=f"it lacks {', '.join(missing)}; it has {', '.join(header)[:200]}")
    doubled = sorted({name for name in columns if header.count(name) > 1})
    if doubled:
        raise FileUnreadable(key=entry.key, problem=f"it names {', '.join(doubled)} twice")
    return header


def text_batch(found: Sources, landing: Landing, retried: pa.RecordBatch | None) -> TextBatch:
    """The batch an engine stages; the strict reader runs while the engine takes the batches."""
    return TextBatch(found.columns, tuple(found.native), _odd_batches(found, landing, retried))


def _odd_batches(found: Sources, landing: Landing, retried: pa.RecordBatch | None) -> Iterator[pa.RecordBatch]:
    if retried is not None and retried.num_rows:
        yield retried
    found.strict_records = 0
    for ordinal, entry in found.odd:
        content = content_of(entry, landing)
        header = header_of(entry, content, found.needed) or ()
        for batch in batches(content, ordinal * ROWS_PER_FILE, header, found.columns):
            found.strict_records += batch.num_rows
            yield batch


def check_unchanged(entries: Mapping[int, FileEntry], found: Sources, landing: Landing) -> None:
    """After reading: a file that changed meanwhile may have been read half old and half new.

    Raises:
        LandingChanged: names the file; the next try leaves it out.
    """
    for entry in entries.values():
        if entry.key not in found.skipped and not landing.is_unchanged(entry):
            raise LandingChanged(key=entry.key)


def raw_lines(entry: FileEntry, landing: Landing, lines: set[int]) -> dict[int, tuple[str, dict[str, str] | None]]:
    """A second look at some records of a file: line -> (text as it stands, text by column or None when malformed)."""
    text = Lines(content_of(entry, landing))
    top, _ = text.header()
    header = tuple(name.strip(" \t") for name in (top.fields if top else None) or ())
    found: dict[int, tuple[str, dict[str, str] | None]] = {}
    for line in lines:
        record, _ = text.record(line - 1)
        if record:
            fits = record.fields is not None and len(record.fields) == len(header)
            found[line] = (record.raw, dict(zip(header, record.fields or (), strict=True)) if fits else None)
    return found

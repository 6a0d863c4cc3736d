"""Take what names a person out of texts of the lake: reports of runs, messages, exports, files that were refused."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator

import orjson

from lakehouse_assets.engines.protocol import Guard
from lakehouse_assets.errors import FileUnreadable
from lakehouse_assets.formats.compression import packed, unpacked
from lakehouse_assets.formats.lines import line_blocks
from lakehouse_assets.load.scrub import Scrub
from lakehouse_assets.storage.objects import ObjectStore

FOLDERS = ("runs/{}/", "history/{}/", "quarantine/{}/", "notifications/{}/", "reports/")
"""Names where texts of a pipeline lie that no contract describes."""
READ = ("archived/{}/", "bronze/{}/")
"""Names where files of a pipeline lie, whose records are erased by their contracts."""
LINE = re.compile(rb"[^\r\n]*(?:\r\n|\n|\r|$)")


def forget_texts(store: ObjectStore, pipeline: str, scrub: Scrub, guard: Guard, *, dry_run: bool) -> list[str]:
    """Take words out of every text, and return the keys of those that had any.

    Of JSON, rows and items go; of CSV the lines of theirs; of a file that was refused every line that holds a word.

    Args:
        store: the lake.
        pipeline: whose texts.
        scrub: what is taken out.
        guard: called before each change.
        dry_run: only look.
    """
    changed = []
    for folder in FOLDERS:
        for key in store.look(folder.format(pipeline)).keys:
            if not _holds(store, key, (*scrub.words, *scrub.all_keys)):
                continue
            scrubbed = _json if _is_json(key) else _text
            if scrubbed(store, key, scrub, guard, dry_run=dry_run):
                changed.append(key)
    return changed


def _text(store: ObjectStore, key: str, scrub: Scrub, guard: Guard, *, dry_run: bool) -> bool:
    """Empty the lines of a text that are theirs; say whether there are any."""
    found = store.stat(key)
    if found is None or all(line == left for line, left in _lines_of(store, key, scrub)):
        return False
    if not dry_run:
        guard()
        store.rewrite(key, packed(key, (left for _, left in _lines_of(store, key, scrub))), known_as=found.etag)
    return True


def _lines_of(store: ObjectStore, key: str, scrub: Scrub) -> Iterator[tuple[bytes, bytes]]:
    """Yield each line and what is left of it."""
    header: list[str] = []
    for line in _lines(store, key):
        fields = next(csv.reader([line.decode("utf-8", "replace")]), [])
        header = header or fields
        if key.startswith("quarantine/"):
            is_theirs = _names(line, scrub.words)
        else:
            is_theirs = scrub.is_row(dict(zip(header, fields, strict=False))) or _names(line, scrub.long)
        yield line, _blank(line) if is_theirs else line


def _is_json(key: str) -> bool:
    return key.endswith(".json")


def _json(store: ObjectStore, key: str, scrub: Scrub, guard: Guard, *, dry_run: bool) -> bool:
    """Scrub a JSON value; say whether it changes."""
    try:
        value = orjson.loads(store.read(key))
    except orjson.JSONDecodeError:
        return False
    left = scrub.value(value)
    if left == value:
        return False
    if not dry_run:
        guard()
        store.put(key, orjson.dumps(left, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS))
    return True


def left_over(store: ObjectStore, pipeline: str, scrub: Scrub) -> list[str]:
    """Return the keys of files of archive and bronze that hold a long word: no load has read that part of them."""
    keys = (key for folder in READ for key in store.look(folder.format(pipeline)).keys)
    return [key for key in keys if scrub.long and _holds(store, key, scrub.long)]


def _holds(store: ObjectStore, key: str, words: Iterable[str]) -> bool:
    """Say whether an object holds a word anywhere, a piece after the other."""
    wanted = [word.encode() for word in words]
    longest, rest = max(map(len, wanted), default=0), b""
    try:
        for chunk in unpacked(key, store.chunks(key)):
            text = rest + chunk
            if any(word in text for word in wanted):
                return True
            rest = text[-longest:]
    except FileUnreadable:  # refused as a whole, and packed otherwise than its name says
        return False
    return False


def _lines(store: ObjectStore, key: str) -> Iterator[bytes]:
    blocks: Iterable[bytes] = line_blocks(unpacked(key, store.chunks(key)))
    for block in blocks:
        yield from (found[0] for found in LINE.finditer(block) if found[0])


def _names(line: bytes, words: Iterable[str]) -> bool:
    """Say whether a line of text holds one of the words by itself."""
    return any(re.search(rb"(?<!\w)" + re.escape(word.encode()) + rb"(?!\w)", line) for word in words)


def _blank(line: bytes) -> bytes:
    return line[len(line.rstrip(b"\r\n")) :]

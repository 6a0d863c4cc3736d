"""Take what names a person out of texts of the lake: reports of runs, messages, exports, files that were refused."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import orjson

from lakehouse_assets.engines.protocol import Guard
from lakehouse_assets.errors import FileUnreadable
from lakehouse_assets.formats.compression import packed, unpacked
from lakehouse_assets.formats.lines import line_blocks
from lakehouse_assets.load.scrub import Scrub
from lakehouse_assets.storage.objects import ObjectStore

FOLDERS = ("runs/{}/", "history/{}/", "messages/", "alerts/", "reports/", "quarantine/{}/", "bronze/{}/", "archived/{}/")
"""Names where texts of a pipeline lie that no contract describes, or that no load has read."""
LINE = re.compile(rb"[^\r\n]*(?:\r\n|\n|\r|$)")


def forget_texts(store: ObjectStore, pipeline: str, scrub: Scrub, guard: Guard, *, dry_run: bool) -> list[str]:
    """Take words out of every text, and return the keys of those that had any.

    Of JSON, rows and items go that are or hold one of the words; of every other text the lines that hold one by itself.

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
            if not _holds(store, key, scrub):
                continue
            known_as = store.stat(key)
            if _is_json(key):
                is_changed = _json(store, key, scrub, guard, dry_run=dry_run)
            else:
                is_changed = any(_names(line, scrub) for line in _lines(store, key))
                if is_changed and not dry_run and known_as is not None:
                    guard()
                    left = (_blank(line) if _names(line, scrub) else line for line in _lines(store, key))
                    store.rewrite(key, packed(key, left), known_as=known_as.etag)
            if is_changed:
                changed.append(key)
    return changed


def _is_json(key: str) -> bool:
    return key.endswith(".json")


def _json(store: ObjectStore, key: str, scrub: Scrub, guard: Guard, *, dry_run: bool) -> bool:
    """Scrub a JSON value; pages of sources are none of it, whose records are erased by their contracts."""
    try:
        value = orjson.loads(store.read(key))
    except orjson.JSONDecodeError:
        return False
    left = scrub.value(value)
    if left == value or key.startswith(("bronze/", "archived/")):
        return False
    if not dry_run:
        guard()
        store.put(key, orjson.dumps(left, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS))
    return True


def _holds(store: ObjectStore, key: str, scrub: Scrub) -> bool:
    """Say whether an object holds a word anywhere, a piece after the other."""
    wanted = [word.encode() for word in (*scrub.words, *scrub.keys)]
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


def _names(line: bytes, scrub: Scrub) -> bool:
    """Say whether a line of text holds one of the condition's words by itself."""
    return any(re.search(rb"(?<!\w)" + re.escape(word.encode()) + rb"(?!\w)", line) for word in scrub.words)


def _blank(line: bytes) -> bytes:
    return line[len(line.rstrip(b"\r\n")) :]

"""Take what names a person out of Dagster's history on this machine: its SQLite files, and the logs of runs.

Metadata of events shows rows of tables, as tables in Markdown. A line that names the person goes; a word that is long
enough to be no other goes wherever it stands. SQLite writes each file anew afterwards, so that nothing is left in it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import orjson

from lakehouse_assets.load.scrub import Scrub

TEXTS = (".out", ".err", ".log", ".txt", ".json")


def forget_history(home: Path, scrub: Scrub, *, dry_run: bool) -> list[str]:
    """Take words out of a history; return the names of files that had any.

    Args:
        home: its folder.
        scrub: what is taken out.
        dry_run: only look.

    Raises:
        sqlite3.Error: a file is locked or spoilt (`history_files.told` says it in a sentence).
    """
    changed = []
    for path in sorted(path for path in home.rglob("*") if path.is_file()):
        if path.suffix == ".db":
            is_changed = _database(path, scrub, dry_run=dry_run)
        else:
            is_changed = path.suffix in TEXTS and _text(path, scrub, dry_run=dry_run)
        if is_changed:
            changed.append(str(path.relative_to(home)))
    return changed


def _database(path: Path, scrub: Scrub, *, dry_run: bool) -> bool:
    found = False
    with closing(sqlite3.connect(path, timeout=5.0)) as db:
        for table, column in list(_columns(db)):
            # A row may show a key of theirs and no word. Keys are too many to be asked for; their columns are not.
            sought = (*scrub.words, *scrub.keys)
            hits = " OR ".join(f"instr({column}, ?)" for _ in sought)
            asked = f"SELECT rowid, {column} FROM {table} WHERE {hits}"
            for row, text in db.execute(asked, sought):
                left = scrubbed(text, scrub) if isinstance(text, str) else text
                if left != text:
                    found = True
                    if not dry_run:
                        db.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (left, row))
        db.commit()
        if not dry_run:
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            db.execute("VACUUM")
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return found


def _columns(db: sqlite3.Connection) -> Iterator[tuple[str, str]]:
    """Yield the tables and their columns of text, in quotes."""
    for (table,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        for column in db.execute(f'PRAGMA table_info("{table}")').fetchall():
            if "INT" not in str(column[2]).upper():
                yield f'"{table}"', f'"{column[1]}"'


def scrubbed(text: str, scrub: Scrub) -> str:
    r"""Return a text of the history, which mostly is JSON, without what names somebody.

    >>> scrubbed('{"md": "| a |\\n| 57 |\\n", "n": 57}', Scrub(frozenset({"57"})))
    '{"md":"| a |\\n","n":57}'
    """
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return scrub.text(text)
    left = scrub.value(value)
    return text if left == value else orjson.dumps(left).decode()


def _text(path: Path, scrub: Scrub, *, dry_run: bool) -> bool:
    text = path.read_text("utf-8", "surrogateescape")
    left = scrub.text(text)
    if left != text and not dry_run:
        path.write_text(left, "utf-8", "surrogateescape")
    return left != text

"""A whole load over plain dicts: files and what silver holds -> what silver holds then, and the counts."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from .reading import Refused, read_records
from .rules import COLUMNS, WARNINGS, Text, codes_for, parse

TABLES = {"products": "clean_products", "orders": "clean_orders", "order_items": "clean_orders_items"}
KEYS = {"products": "product_id", "orders": "order_id", "order_items": "id"}
FATES = ("read", "retried", "valid", "rejected", "superseded", "pending", "inserted", "updated", "unchanged")
GIVE_UP_AFTER = timedelta(days=7)
SOME_DAY = datetime(2025, 4, 6, tzinfo=UTC)
NO_EVENT = datetime(1, 1, 1, tzinfo=UTC)

Ident = tuple[str, str, str, int]
"""Dataset, file, MD5 of the file's bytes, line: what makes a record the same record."""


@dataclass(frozen=True)
class File:
    """One landed object: dataset, key below landing, time of last change (UTC), bytes as stored (gzip for `.gz`)."""

    dataset: str
    key: str
    modified: datetime
    content: bytes


@dataclass(frozen=True)
class Row:
    """A record that broke no rule: typed contract columns and its place in the total order."""

    values: dict[str, Any]
    order: tuple[datetime, datetime, str, int]


@dataclass(frozen=True)
class Pending:
    """A record whose parent is missing; `text` is what a retry reads again."""

    text: Text
    raw: str
    codes: tuple[str, ...]
    modified: datetime
    first_seen: datetime


@dataclass(frozen=True)
class Reject:
    """A rejected record with all its codes; `text` is None when it was malformed."""

    raw: str
    text: Text | None
    codes: tuple[str, ...]
    modified: datetime = SOME_DAY


@dataclass
class State:
    """What the lake holds: silver by dataset and key, control tables by record."""

    silver: dict[str, dict[str, Row]] = field(default_factory=lambda: {name: {} for name in KEYS})
    pending: dict[Ident, Pending] = field(default_factory=dict)
    rejects: dict[Ident, Reject] = field(default_factory=dict)


@dataclass
class Loaded:
    """The state after a load and what the load says: counts by silver table, rows by code, refused files."""

    state: State
    counts: dict[str, dict[str, int]]
    rejects: Counter[str] = field(default_factory=Counter)
    pending: Counter[str] = field(default_factory=Counter)
    warnings: Counter[str] = field(default_factory=Counter)
    refused: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Candidate:
    ident: Ident
    text: Text | None
    raw: str
    modified: datetime
    first_seen: datetime
    retried: bool


@dataclass(frozen=True)
class _Run:
    """One load: its clock, the source zone, what it says so far, and the keys of its good rows by dataset."""

    as_of: datetime
    zone: str
    loaded: Loaded
    arrived: dict[str, set[str]] = field(default_factory=dict)
    passed: list[_Candidate] = field(default_factory=list)
    failed: list[_Candidate] = field(default_factory=list)


def load(files: Iterable[File], state: State | None = None, as_of: datetime = SOME_DAY, zone: str = "UTC") -> Loaded:
    """Load the files onto a state; the given state is left as it was. The reject ratio is not looked at."""
    state = state or State()
    now = State({name: dict(rows) for name, rows in state.silver.items()}, dict(state.pending), dict(state.rejects))
    loaded = Loaded(now, {table: dict.fromkeys(FATES, 0) for table in TABLES.values()})
    run = _Run(as_of, zone, loaded)
    read = _read(sorted(files, key=lambda file: file.key), run)
    for dataset in TABLES:
        good = _judge(dataset, [*_retries(dataset, state), *read[dataset]], run)
        run.arrived[dataset] = {row.values[KEYS[dataset]] for row in good}
        _merge(dataset, good, loaded)
    for ident, reject in list(now.rejects.items()):
        is_corrected = any(_corrects(row, ident, reject, zone) for row in run.passed)
        if is_corrected or any(_rejects_again(row, ident, reject, zone) for row in run.failed):
            del now.rejects[ident]
    loaded.warnings["department_ambiguous"] = len(_ambiguous(now))
    return loaded


def _read(files: list[File], run: _Run) -> dict[str, list[_Candidate]]:
    found: dict[str, list[_Candidate]] = defaultdict(list)
    for file in files:
        etag = hashlib.md5(file.content, usedforsecurity=False).hexdigest()
        try:
            records = list(read_records(_unpacked(file), COLUMNS[file.dataset]))
        except (Refused, OSError, EOFError, zlib.error):
            run.loaded.refused.append(file.key)
            continue
        for line, text, raw in records:
            ident = (file.dataset, file.key, etag, line)
            waiting = run.loaded.state.pending.get(ident)
            since = waiting.first_seen if waiting else run.as_of
            found[file.dataset].append(_Candidate(ident, text, raw, file.modified, since, retried=False))
    return found


def _unpacked(file: File) -> bytes:
    return gzip.decompress(file.content) if file.key.endswith(".gz") else file.content


def _retries(dataset: str, state: State) -> Iterator[_Candidate]:
    for ident, row in state.pending.items():
        if ident[0] == dataset:
            yield _Candidate(ident, row.text, row.raw, row.modified, row.first_seen, retried=True)


def _judge(dataset: str, candidates: list[_Candidate], run: _Run) -> list[Row]:
    """The rows that are good; the others are counted and kept as rejected or pending."""
    state, counts = run.loaded.state, run.loaded.counts[TABLES[dataset]]
    good: list[Row] = []
    for one in candidates:
        counts["retried" if one.retried else "read"] += 1
        state.pending.pop(one.ident, None)
    for one in candidates:
        codes = ["row_malformed"] if one.text is None else codes_for(dataset, one.text, run.zone)
        if one.text is None or not WARNINGS.issuperset(codes):
            is_record = one.text is not None and codes != ["row_malformed"]
            unknown = _orphaned(dataset, parse(dataset, one.text, run.zone), run) if one.text and is_record else []
            _reject(one, sorted({*codes, *unknown}), run)
            continue
        run.loaded.warnings.update(codes)
        run.passed.append(one)
        values = parse(dataset, one.text, run.zone)
        orphaned = _orphaned(dataset, values, run)
        if orphaned and run.as_of - one.first_seen >= GIVE_UP_AFTER:
            _reject(one, orphaned, run)
        elif orphaned:
            counts["pending"] += 1
            run.loaded.pending.update(orphaned)
            state.pending[one.ident] = Pending(one.text, one.raw, tuple(orphaned), one.modified, one.first_seen)
        else:
            event = values.get("order_timestamp", NO_EVENT)
            good.append(Row(values, (event, one.modified, one.ident[1], one.ident[3])))
    return good


def _reject(one: _Candidate, codes: list[str], run: _Run) -> None:
    run.loaded.counts[TABLES[one.ident[0]]]["rejected"] += 1
    run.loaded.rejects.update(codes)
    run.failed.append(one)
    run.loaded.state.rejects[one.ident] = Reject(one.raw, one.text, tuple(codes), one.modified)


def _corrects(row: _Candidate, ident: Ident, reject: Reject, zone: str) -> bool:
    """Whether a row that passed every rule is a reject of an earlier version of its file, put right.

    By its key, where that could be read. Otherwise it stands on the same line, and says all that could be read of the
    reject; of a malformed one nothing could, so the key has to stand between its commas.
    """
    dataset, _, _, line = ident
    if not _is_later(row, ident, reject):
        return False
    values = parse(dataset, row.text or {}, zone)
    key = values[KEYS[dataset]]
    if reject.text is None:
        return row.ident[3] == line and bool({key, f'"{key}"'} & set(reject.raw.split(",")))
    said = {name: value for name, value in parse(dataset, reject.text, zone).items() if value is not None}
    if KEYS[dataset] in said:
        return bool(said[KEYS[dataset]] == key)
    return row.ident[3] == line and bool(said) and said.items() <= values.items()


def _rejects_again(row: _Candidate, ident: Ident, reject: Reject, zone: str) -> bool:
    """Whether a rejected row is a reject of an earlier version of its file, rejected once more.

    As a row that corrects it would be, or, where neither has a key, by the same text.
    """
    if not _is_later(row, ident, reject):
        return False
    keys = [_key(ident[0], text, zone) for text in (row.text, reject.text)]
    if keys == [None, None] and row.raw == reject.raw:
        return True
    return bool(row.text) and _corrects(row, ident, reject, zone)


def _key(dataset: str, text: Text | None, zone: str) -> str | None:
    return None if not text else parse(dataset, text, zone)[KEYS[dataset]]


def _is_later(row: _Candidate, ident: Ident, reject: Reject) -> bool:
    """Whether a row is of a later version of the file of a reject."""
    return (
        not row.retried and row.ident[:2] == ident[:2] and row.ident[2] != ident[2] and row.modified >= reject.modified
    )


def _orphaned(dataset: str, values: dict[str, Any], run: _Run) -> list[str]:
    if dataset != "order_items":
        return []
    parents = {"unknown_order": ("orders", values["order_id"]), "unknown_product": ("products", values["product_id"])}
    silver = run.loaded.state.silver
    return [
        code
        for code, (of, key) in parents.items()
        if key is not None and key not in silver[of] and key not in run.arrived[of]
    ]


def _merge(dataset: str, good: list[Row], loaded: Loaded) -> None:
    """Newest row per key, then only what is newer and different replaces what silver holds."""
    counts, silver = loaded.counts[TABLES[dataset]], loaded.state.silver[dataset]
    newest: dict[str, Row] = {}
    for row in sorted(good, key=lambda row: row.order):
        newest[row.values[KEYS[dataset]]] = row
    counts["superseded"] += len(good) - len(newest)
    for key, row in newest.items():
        held = silver.get(key)
        fate = _fate(row, held)
        counts[fate] += 1
        counts["valid"] += fate != "superseded"
        if fate in {"inserted", "updated"}:
            silver[key] = row


def _fate(row: Row, held: Row | None) -> str:
    if held is None:
        return "inserted"
    if row.values == held.values:
        return "unchanged"
    return "updated" if row.order > held.order else "superseded"


def _ambiguous(state: State) -> set[str]:
    names: dict[str, set[str]] = defaultdict(set)
    for row in state.silver["products"].values():
        if row.values["department_id"] is not None and row.values["department"] is not None:
            names[row.values["department_id"]].add(row.values["department"])
    return {department for department, known in names.items() if len(known) > 1}

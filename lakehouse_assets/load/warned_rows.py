"""Count the rows of a silver table that break its rules that warn, each data file once.

The count is of the whole table, and what a run reads for it must not grow with the table's history. A data file never
changes: so what was counted in it is kept, and a run reads the files that its load has added. What is kept is a memory
of no other use; where it is gone, spoilt, or answers another question, all files are read.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from pathlib import PurePosixPath
from typing import Any

import orjson

from lakehouse_assets.contracts import Contract
from lakehouse_assets.engines.protocol import Engine
from lakehouse_assets.errors import ObjectMissing, StateDamaged
from lakehouse_assets.load.stage import split_codes
from lakehouse_assets.sql import standing
from lakehouse_assets.storage.objects import ObjectStore
from lakehouse_assets.storage.records import read_record

FOLDER = "warned"
"""Names the folder of a lake that keeps for each table what was counted in its data files."""
Counts = dict[str, dict[str, int]]
"""Maps the name of a data file to how many of its rows break each rule; nothing is said of rules that none breaks."""


def warned_rows(store: ObjectStore, engine: Engine, contract: Contract) -> dict[str, int] | None:
    """Return how many rows of the table break each rule that warns; None where nothing of that kind can be counted.

    Args:
        store: the lake.
        engine: where the table is attached as it is now.
        contract: the table's.
    """
    rules = standing.countable(contract)
    if not rules:
        return None
    parts, relation = engine.parts(contract), f"{contract.name}__parts"
    statement = standing.warned(contract, rules, relation)
    question = hashlib.sha256(f"{parts.table} {engine.sql(statement)}".encode()).hexdigest()
    known = _kept(store, contract, question)
    files = {PurePosixPath(file).name: file for file in parts.files}
    new = {name: file for name, file in files.items() if name not in known}
    counts = {name: known[name] for name in files.keys() & known.keys()} | {name: {} for name in new}
    if new:
        engine.show_parts(relation, contract, list(new.values()))
        _add(counts, engine.rows(statement))
    if counts != known:
        store.put(_key(contract), orjson.dumps({"question": question, "files": counts}))
    found = Counter({rule.code: 0 for rule in rules})
    for of_file in counts.values():
        found.update(of_file)
    return dict(found)


def _add(counts: Counts, rows: Iterable[dict[str, Any]]) -> None:
    """Add rows of a file, which are counted by their codes together, to each code."""
    for row in rows:
        of_file = counts.setdefault(row["part"], {})
        for code in split_codes(row["codes"]):
            of_file[code] = of_file.get(code, 0) + int(row["n"])


def _kept(store: ObjectStore, contract: Contract, question: str) -> Counts:
    """Return what was counted before by the same question; nothing where there is no such thing."""
    with suppress(ObjectMissing, StateDamaged):
        return read_record(store, _key(contract), lambda value: _answers(value, question))
    return {}


def _answers(value: Any, question: str) -> Counts:  # noqa: ANN401 - what a file holds is not known
    if value["question"] != question:
        return {}
    return {str(name): {str(code): int(n) for code, n in counts.items()} for name, counts in value["files"].items()}


def _key(contract: Contract) -> str:
    return f"{FOLDER}/{contract.name}.json"

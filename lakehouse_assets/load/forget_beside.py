"""Erase a person's rows beside silver: rejects, pending rows, corrections of replays, and values in the ledger."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import TYPE_CHECKING

from lakehouse_assets.contracts import Contract
from lakehouse_assets.contracts.affects import touched_columns
from lakehouse_assets.engines.duckdb import DuckEngine
from lakehouse_assets.formats.compression import ByteStream
from lakehouse_assets.formats.csv_strict import allow_long_fields
from lakehouse_assets.load.control_tables import ControlTable
from lakehouse_assets.load.forget_asked import Forget, Forgotten, count, mentions, scrub_of
from lakehouse_assets.load.scrub import Scrub
from lakehouse_assets.sql import forget as statements
from lakehouse_assets.sql import silver
from lakehouse_assets.sql.forget import Step

if TYPE_CHECKING:
    from lakehouse_assets.storage.objects import ObjectStore

MOST_KEYS = 100_000
"""So many keys of rows are looked for in samples of reports at most."""


def erase_beside(asked: Forget, engine: DuckEngine, done: Forgotten) -> None:
    """Erase rejects and pending rows, corrected rows of replays, and values that the ledger lists."""
    for word in ("rejects", "pending"):
        control = asked.controls[word]
        engine.attach(control)
        for step in asked.steps:
            keys = _beside(asked, engine, step, control)
            if keys:
                done.rows[control.catalog_name] = done.rows.get(control.catalog_name, 0) + keys
                if not asked.dry_run:
                    _erase_corrected(asked, engine)
                    engine.attach(control)
                    engine.delete(control, "SELECT g.* FROM __gone AS g", asked.guard)
                    engine.attach(control)
    _keys(asked, engine, done)
    ledger = _erase_touched(asked, scrub_of(asked, done))
    if ledger:
        done.rows[asked.controls["run_ledger"].catalog_name] = ledger


def _beside(asked: Forget, engine: DuckEngine, step: Step, control: Contract) -> int:
    """Keep the keys of a control table's rows that are theirs as `__gone`, and return how many they are."""
    import pyarrow as pa

    engine.keep("__side", statements.side_rows(control, step.contract.landing))
    if not count(engine, "__side"):
        return 0
    engine.keep("__raw", statements.side_text(step.contract))
    engine.view(f"{step.contract.name}__parsed", silver.parsed(step.contract))
    found = engine.values(f"SELECT p._row FROM {step.contract.name}__parsed AS p WHERE {statements.matching_of(step)}")
    for batch in engine.batches("SELECT s._row, s.raw FROM __side AS s WHERE s.fields IS NULL"):
        rows = zip(batch.column(0).to_pylist(), batch.column(1).to_pylist(), strict=True)
        found += [row for row, raw in rows if mentions(raw or "", asked.where.words)]
    engine.register("__found", pa.table({"_row": pa.array(found, pa.int64())}))
    columns = ", ".join(f"s.{name}" for name in control.key)
    engine.keep("__gone", f"SELECT {columns} FROM __side AS s JOIN __found AS f ON f._row = s._row")
    return len(found)


def _erase_corrected(asked: Forget, engine: DuckEngine) -> None:
    """Erase corrected rows of replays that correct such rejects."""
    gone = {
        (r["file"], str(r["line"]), r["etag"]) for r in engine.rows("SELECT g.file, g.line, g.etag FROM __gone AS g")
    }
    store = asked.lake.store
    for key in store.look(f"runs/{asked.pipeline}/").keys:
        if not key.endswith(".csv"):
            continue
        allow_long_fields()
        with io.TextIOWrapper(io.BufferedReader(ByteStream(store.chunks(key))), "utf-8-sig", newline="") as stream:
            rows = csv.DictReader(stream, strict=True)
            hit = any((row.get("_file"), row.get("_line"), row.get("_etag")) in gone for row in rows)
        if hit:
            asked.guard()
            store.put_chunks(key, _corrected_left(store, key, gone))


def _corrected_left(store: ObjectStore, key: str, gone: set[tuple[str, str, str]]) -> Iterator[bytes]:
    """Yield a correction file without the rows that correct these rejects."""
    with io.TextIOWrapper(io.BufferedReader(ByteStream(store.chunks(key))), "utf-8-sig", newline="") as stream:
        rows = csv.reader(stream, strict=True)
        header = next(rows)
        marks = [header.index(name) for name in ("_file", "_line", "_etag")]
        yield _line(header)
        for row in rows:
            if tuple(row[at] for at in marks) not in gone:
                yield _line(row)


def _line(row: list[str]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n").writerow(row)
    return out.getvalue().encode()


def _keys(asked: Forget, engine: DuckEngine, done: Forgotten) -> None:
    """Keep keys of their rows, as text, as long as they are not too many, also under the names that refer to them."""
    for step in asked.steps:
        if len(step.contract.key) > 1:  # a part of a key is a key of others, too
            continue
        (name,) = step.contract.key
        column = f'SELECT DISTINCT as_text(k."{name}") AS v FROM {step.relation} AS k LIMIT {MOST_KEYS}'
        found = {str(value) for value in engine.values(column)}
        names = [
            c for other in asked.steps for c, of, parent in other.parents if (of, parent) == (step.contract.name, name)
        ]
        for one in (name, *names):
            done.keys.setdefault(one, set()).update(found)


def _erase_touched(asked: Forget, scrub: Scrub) -> int:
    """Take values that name them out of the lists of what runs have touched; return in how many rows they were."""
    contract = asked.controls["run_ledger"]
    columns = [f"touched_{window}" for window in touched_columns(contract)]
    if asked.lake.find_delta(contract) is None or not columns:
        return 0
    table, changed = ControlTable(contract, asked.lake), []
    for row in table.read("kind = 'touched'").to_pylist():
        left = {name: None if row[name] is None else [v for v in row[name] if not scrub.names(v)] for name in columns}
        if any(left[name] != row[name] for name in columns):
            changed.append(row | left)
    if changed and not asked.dry_run:
        table.sync(table.rows(changed), asked.guard, compare=columns)
    return len(changed)

"""Put a sample on disk, one file at a time, so that memory holds one day.

This module holds the order of work and the bytes of a file; `clean` and `dirt` say what rows look like. It is imported
only when a sample is written, because it starts numpy and Arrow.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lakehouse_assets.ecommerce.sample import clean, dirt
from lakehouse_assets.ecommerce.sample.clean import Columns, Day, Ints
from lakehouse_assets.ecommerce.sample.dirt import Flags, Plan
from lakehouse_assets.ecommerce.sample.spec import Expectation, SampleSpec
from lakehouse_assets.errors import BadRequest

OLD_AMOUNT = "1.11"
"""Superseded orders have this amount; no other order can have it, so a wrong winner shows in the totals."""

File = tuple[str, bytes, Expectation]
"""A file is its key below the folder, its content, and what a first load makes of it."""


def make_files(spec: SampleSpec) -> Iterator[File]:
    """Yield every file of a sample: the catalogue, then each day's orders and items."""
    products = dirt.make_plan(spec, "products", spec.products, 0)
    yield _products(products, clean.make_products(spec))
    for number, first_item in enumerate(clean.first_items(spec), start=spec.first):
        day = clean.make_day(spec, number, first_item)
        name = f"{day.date.isoformat()}.csv{'.gz' if spec.gzip else ''}"
        orders = dirt.make_plan(spec, "orders", len(day.cents), number)
        yield f"orders/{name}", *_orders(orders, day)
        items = dirt.make_plan(spec, "order_items", len(day.order_of_item), number)
        lost = {
            "unknown_order": orders.lost[day.order_of_item],
            "unknown_product": products.lost[day.product_of_item],
        }
        yield f"order_items/{name}", *_items(items, day, lost)


def ensure_empty(folder: Path) -> None:
    """Refuse a folder that holds files: with others among them the known answer would be wrong.

    Raises:
        BadRequest: the path is a file, or the folder holds one.
    """
    if folder.is_file():
        raise BadRequest(message=f"`{folder}` is a file; name a folder for the sample")
    found = next((path for path in sorted(folder.rglob("*")) if path.is_file()), None)
    if found:
        raise BadRequest(message=f"`{folder}` already holds `{found.name}`; name an empty folder for the sample")


def write_file(folder: Path, key: str, content: bytes) -> Path:
    """Write one file below the folder; it is compressed, always to the same bytes, when its name ends in `.gz`."""
    path = folder / key
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(content, compresslevel=6, mtime=0) if path.suffix == ".gz" else content)
    return path


def write_expectation(folder: Path, expectation: Expectation, spec: SampleSpec | None = None) -> Path:
    """Write the answer beside the folder, as `<folder>.expected.json`, with what the sample was asked for."""
    path, asked = answer_of(folder), {} if spec is None else {"sample": asdict(spec)}
    path.write_text(json.dumps(expectation.to_dict() | asked, indent=2, default=str) + "\n", encoding="utf-8")
    return path


def answer_of(folder: Path) -> Path:
    """Return the file beside a folder that holds the answer to the sample in it."""
    return folder.with_name(f"{folder.name}.expected.json")


def read_spec(folder: Path) -> SampleSpec:
    """Return what the sample in a folder was asked for.

    Raises:
        BadRequest: no sample was written there, or what is beside it cannot be read.
    """
    path = answer_of(folder)
    try:
        asked = json.loads(path.read_text("utf-8"))["sample"]
        return SampleSpec(**asked | {"start": date.fromisoformat(asked["start"])})
    except (OSError, ValueError, KeyError, TypeError) as error:
        problem = f"`{path}` does not say what sample is to be continued; write a first one without --continue"
        raise BadRequest(message=problem) from error


def _products(plan: Plan, products: Columns) -> File:
    columns, source, second = dirt.repeat(products, plan)
    # Products have no event time: of two versions in one file the later line wins, so the first one is the older.
    loses = np.append(second[1:], False)
    older = loses & _every_other(source)
    names = columns["product_name"].filter(pa.array(older))
    columns["product_name"] = dirt.put(columns["product_name"], older, pc.binary_join_element_wise(names, "old", "_"))
    return "products.csv", _csv(dirt.soil(columns, plan, source)), dirt.answer(plan, source, loses, {})


def _orders(plan: Plan, day: Day) -> tuple[bytes, Expectation]:
    columns, source, second = dirt.repeat(day.orders, plan)
    older = _older(day, second, source, source)
    columns["order_timestamp"] = _earlier(columns["order_timestamp"], day, older, source)
    columns["total_amount"] = dirt.put(columns["total_amount"], older, pa.repeat(OLD_AMOUNT, int(older.sum())))
    answer = dirt.answer(plan, source, second, {})
    refunds = answer.warnings[dirt.WARNING]
    kept = int(day.cents[plan.flaw == dirt.CLEAN].sum()) + refunds * dirt.REFUND_CENTS
    return _csv(dirt.soil(columns, plan, source)), replace(answer, amount_cents=kept)


def _items(plan: Plan, day: Day, lost: dict[str, Flags]) -> tuple[bytes, Expectation]:
    columns, source, second = dirt.repeat(day.items, plan)
    order = day.order_of_item[source]
    older = _older(day, second, source, order)
    columns["order_timestamp"] = _earlier(columns["order_timestamp"], day, older, order)
    return _csv(dirt.soil(columns, plan, source)), dirt.answer(plan, source, second, lost)


def _older(day: Day, second: Flags, source: Ints, order: Ints) -> Flags:
    """Flag the repeated rows that become older versions; a row of midnight cannot, its day has no earlier moment."""
    flags: Flags = second & _every_other(source) & (day.minutes[order] > 0)
    return flags


def _every_other(source: Ints) -> Flags:
    flags: Flags = source % 2 == 1
    return flags


def _earlier(stamps: Any, day: Day, older: Flags, order: Ints) -> Any:  # noqa: ANN401 - Arrow arrays
    return dirt.put(stamps, older, clean.clock_text(day.date, day.minutes[order[older]] // 2))


def _csv(columns: Columns) -> bytes:
    """Return header and lines; the fields are text as the file shall hold it, so Arrow's own buffer is the content."""
    lines = pc.binary_join_element_wise(pc.binary_join_element_wise(*columns.values(), ","), "", "\n")
    _, offsets, data = lines.buffers()
    end = int(np.frombuffer(offsets, dtype=np.int32)[len(lines)])
    body: bytes = data[:end].to_pybytes()
    return f"{','.join(columns)}\n".encode() + body

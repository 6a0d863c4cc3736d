"""Drops as strangers make them: good files with bytes changed, moved, doubled, lost, packed and cut off, by seed."""

from __future__ import annotations

import gzip
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from lakehouse_assets_tests.lake import csv_file
from lakehouse_assets_tests.oracle import File

PRODUCTS = "product_id,department_id,department,product_name\n"
ORDERS = "order_num,order_id,user_id,order_timestamp,total_amount,date\n"
ITEMS = "id,order_id,user_id,days_since_prior_order,product_id,add_to_cart_order,reordered,order_timestamp,date\n"
JUNK = (
    b'"',
    b'""',
    b",",
    b"\n",
    b"\r",
    b"\r\n",
    b"\0",
    b"\xef\xbb\xbf",
    b"\xff",
    b"\xc3",
    "é".encode(),
    b" ",
    b"\\",
    b"9",
)
Mutation = Callable[[random.Random, bytes], bytes]


def good_files(chance: random.Random, drop: int) -> list[File]:
    """A drop without a mistake, of a few rows with keys that no other drop has."""
    day = f"2025-04-0{chance.randint(1, 5)}"
    orders = [f"{n},o{drop}-{n},u{n % 3},{day}T10:0{n % 10}:00,12.50,{day}" for n in range(1, chance.randint(3, 9))]
    items = [
        f"i{drop}-{n},o{drop}-{n % len(orders) + 1},u{n % 3},,{n % 4 + 1},1,{n % 2},{day}T10:00:00,{day}"
        for n in range(1, chance.randint(4, 12))
    ]
    texts = {"orders": ORDERS + "\n".join(orders) + "\n", "order_items": ITEMS + "\n".join(items) + "\n"}
    return [csv_file(name, f"{name}/{drop:04}.csv", text, drop % 60) for name, text in texts.items()]


def _inserted(chance: random.Random, content: bytes) -> bytes:
    at = chance.randint(0, len(content))
    return content[:at] + chance.choice(JUNK) + content[at:]


def _removed(chance: random.Random, content: bytes) -> bytes:
    at = chance.randint(0, len(content))
    return content[:at] + content[at + chance.randint(1, 12) :]


def _changed(chance: random.Random, content: bytes) -> bytes:
    at = chance.randrange(len(content)) if content else 0
    return content[:at] + bytes([chance.randrange(256)]) + content[at + 1 :]


def _doubled(chance: random.Random, content: bytes) -> bytes:
    lines = content.splitlines(keepends=True)
    chosen = chance.choice(lines) if lines else b""
    at = chance.randint(0, len(lines))
    return b"".join([*lines[:at], chosen, *lines[at:]])


def _quoted(chance: random.Random, content: bytes) -> bytes:
    fields = content.split(b",")
    at = chance.randrange(len(fields))
    fields[at] = b'"' + fields[at] + b'"'
    return b",".join(fields)


def _cut_off(chance: random.Random, content: bytes) -> bytes:
    return content[: chance.randint(0, len(content))]


def _ended_otherwise(chance: random.Random, content: bytes) -> bytes:
    return content.replace(b"\n", chance.choice((b"\r\n", b"\r", b"\n\n")))


MUTATIONS: tuple[Mutation, ...] = (
    _inserted,
    _inserted,
    _removed,
    _changed,
    _doubled,
    _quoted,
    _cut_off,
    _ended_otherwise,
)


def mutated(chance: random.Random, content: bytes) -> bytes:
    """The content after one to four mutations."""
    for _ in range(chance.randint(1, 4)):
        content = chance.choice(MUTATIONS)(chance, content)
    return content


def mutated_drop(seed: int, drop: int) -> list[File]:
    """A drop with at least one mutated file; one in five is packed, and one in five of those is packed badly."""
    chance = random.Random(seed * 100_003 + drop)  # noqa: S311 - no secret
    files = [replace(file, content=mutated(chance, file.content)) for file in good_files(chance, drop)]
    return [_packed(chance, file) if chance.random() < 0.2 else file for file in files]


def _packed(chance: random.Random, file: File) -> File:
    content = gzip.compress(file.content, mtime=0)
    if chance.random() < 0.2:
        content = chance.choice((_cut_off, _changed))(chance, content)
    return replace(file, key=f"{file.key}.gz", content=content, modified=file.modified + timedelta(seconds=1))


def drops(seed: int, count: int) -> list[File]:
    """So many mutated drops, and the products that their items name."""
    known = csv_file("products", "products.csv", PRODUCTS + "".join(f"{n},1,Books,P{n}\n" for n in range(1, 5)))
    return [known, *(file for drop in range(count) for file in mutated_drop(seed, drop))]


PAGE = b'[{"id": "a\\u00e9", "offer": {"id": 1.50}}, 5, {"payouts": [null, "\\n"], "id": -2}]'


def mutated_page(seed: int, number: int) -> tuple[str, bytes]:
    """The name and the bytes of a JSON page after some mutations; one in five is packed."""
    chance = random.Random(seed * 100_003 + number)  # noqa: S311 - no secret
    page = File("pages", "page.json", datetime(2025, 4, 5, tzinfo=UTC), chance.choice(MUTATIONS)(chance, PAGE))
    packed = _packed(chance, page) if chance.random() < 0.2 else page
    return packed.key, packed.content

"""What mutated files become, against readers that share no code with the product."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Sequence
from typing import Any

import pytest

from lakehouse_assets.errors import FileUnreadable
from lakehouse_assets.formats.compression import unpacked
from lakehouse_assets.formats.json_pages import JsonPages
from lakehouse_assets_tests import oracle
from lakehouse_assets_tests.formats.json_texts import Number
from lakehouse_assets_tests.formats.streams import rows_of
from lakehouse_assets_tests.formats.test_json_pages import FIELDS, expected_rows
from lakehouse_assets_tests.lake import LakeDriver, counts_of
from lakehouse_assets_tests.oracle import File


def check(lake: LakeDriver, files: Sequence[File]) -> int:
    """Load the files and compare everything that the load says and leaves; returns how many records were read."""
    expected = oracle.load(files)
    report = lake.load(*files, max_reject_ratio=1.0)
    assert sorted(report.refused_files) == expected.refused
    assert counts_of(report) == expected.counts
    assert report.rejects == expected.rejects
    silver = {name: {key: row.values for key, row in rows.items()} for name, rows in expected.state.silver.items()}
    assert lake.silver() == silver
    assert lake.rejects() == {i: (r.raw, r.codes) for i, r in expected.state.rejects.items()}
    assert lake.pending() == {i: (p.raw, p.codes) for i, p in expected.state.pending.items()}
    return sum(table.counts.read for table in report.tables.values())


def check_page(key: str, content: bytes) -> int:
    """Read a JSON page and compare its records with Python's; returns how many there are, 0 when it is refused."""
    source = JsonPages(FIELDS)
    try:
        page = _page(gzip.decompress(content) if key.endswith(".gz") else content)
    except (ValueError, OSError, EOFError, zlib.error):
        with pytest.raises(FileUnreadable):
            for _ in source.batches(key, unpacked(key, [content]), 0):
                pass
        return 0
    assert rows_of(source, unpacked(key, [content])) == expected_rows(page)
    return len(page)


def _page(content: bytes) -> list[Any]:
    page = json.loads(content.decode("utf-8-sig"), parse_float=Number, parse_int=Number, parse_constant=int)
    if isinstance(page, list):
        return page
    message = "the document is no array"
    raise ValueError(message)

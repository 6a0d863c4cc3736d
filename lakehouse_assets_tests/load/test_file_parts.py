"""A large file is shared out in parts where the engine has workers for them, and gives the rows that it gives whole."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lakehouse_assets.core.manifest import FileEntry
from lakehouse_assets.engines.duckdb import DuckEngine
from lakehouse_assets.formats.registry import format_of
from lakehouse_assets.load.file_source import FileSource
from lakehouse_assets.load.source_files import SourceFiles, survey
from lakehouse_assets_tests.lake import LakeDriver, csv_file

HEADER = "product_id,department_id,department,product_name"
ROWS = '1,2,3,A\n\n2,2,3,"B, b"\n3,2\n4,2,3,"say ""D"""\n5,2,3,"x"y\n6,2,3,\xe9\xe9\n7,2,3,G'


class InParts(DuckEngine):
    """The embedded engine with as small parts as a test file needs."""

    part_bytes = 20


def surveyed(tmp_path: Path, text: str | bytes, key: str = "products.csv", source: Any = FileSource) -> SourceFiles:
    """What a look at a file of products gave, its parts being looked at apart."""
    lake = LakeDriver(tmp_path, engine=lambda: InParts(lake.value))
    content = text.encode() if isinstance(text, str) else text
    work, engine = lake.work(lake.drop(replace(csv_file("products", key, ""), content=content))), lake.engine()
    source_format = format_of(work.datasets["products"], lake.known["silver.clean_products"])
    found = survey(source(source_format, work.landing, dict(enumerate(work.manifest.files))), engine)
    engine.close()
    return found


def rows_of(batches: Any) -> list[tuple[Any, ...]]:
    """All records of batches, in the order of their lines."""
    return sorted(tuple(row.values()) for batch in batches for row in batch.to_pylist())


def test_a_large_file_is_read_in_parts_as_it_is_read_whole(tmp_path: Path) -> None:
    """Quotes within a line, an empty line, malformed ones and characters of several bytes are where they were."""
    found = surveyed(tmp_path, f"{HEADER}\n{ROWS}\n")
    (file,) = found.native
    assert (file.records, len(file.parts) > 3, found.read) == (7, True, 7)
    apart = [row for part in file.parts for row in rows_of(found.source(0, part))]
    assert apart == rows_of(found.source(0))
    assert [row[0] for row in apart] == [2, 4, 5, 6, 7, 8, 9]


class Opened(FileSource):
    """A source that notes which bytes of a file it opens."""

    opened: list[int] = []  # noqa: RUF012 - noted by copies of it too

    def _from(self, entry: FileEntry, part: Any) -> Any:
        self.opened.append(part.start)
        return super()._from(entry, part)


def test_raw_text_is_read_from_just_the_parts_that_hold_it(tmp_path: Path) -> None:
    """Two lines of a file cost the two parts that they are in."""
    found = surveyed(tmp_path, f"{HEADER}\n{ROWS}\n", source=Opened)
    Opened.opened.clear()
    raw = [(position, text) for position, text, _ in rows_of(found.source.raw_text(0, [4, 9]))]
    assert raw == [(4, '2,2,3,"B, b"'), (9, "7,2,3,G")]
    assert len(Opened.opened) == 2


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (f'{HEADER}\n1,2,3,A\n2,2,3,"B\nb"\n3,2,3,C\n', "products.csv"),
        (f"\n{HEADER}\n1,2,3,A\n2,2,3,B\n3,2,3,C\n", "products.csv"),
        (gzip.compress(f"{HEADER}\n1,2,3,A\n2,2,3,B\n3,2,3,C\n".encode(), mtime=0), "products.csv.gz"),
    ],
)
def test_a_file_that_cannot_be_cut_is_read_by_one_reader(tmp_path: Path, text: str | bytes, key: str) -> None:
    """Whether a record goes over a line, the header is not the first line, or the file is packed."""
    found = surveyed(tmp_path, text, key)
    assert not [file for file in found.native if file.parts]
    assert [row[-1] for row in rows_of(found.source(0))][-1] == "C"


def test_a_large_file_that_is_refused_is_refused_once(tmp_path: Path) -> None:
    """The part with the header tells, and the others have nothing to add."""
    found = surveyed(tmp_path, "product_id,department\n" + "1,2\n" * 20)
    assert list(found.refused) == ["products.csv"]
    assert (found.native, found.odd) == ([], {})


def test_further_columns_of_a_large_file_are_named(tmp_path: Path) -> None:
    """They are what its header says, whichever parts it is read in."""
    found = surveyed(tmp_path, f"{HEADER},note\n" + "1,2,3,A,x\n" * 20)
    assert found.extra_columns == {"products.csv": ["note"]}


def test_a_large_file_loads_in_parts_as_the_lines_say(tmp_path: Path) -> None:
    """A whole load with plain files in parts: what the embedded engine reads itself has the same lines."""
    lake = LakeDriver(tmp_path, engine=lambda: InParts(lake.value))
    rows = "".join(f"{n},2,3,P\n" for n in range(2, 202))
    report = lake.load(csv_file("products", "products.csv", f"{HEADER}\n{rows}"))
    assert report.tables["clean_products"].counts.inserted == 200
    held = lake.rows("SELECT product_id, _line FROM delta_lakehouse.clean_products")
    assert all(int(row["product_id"]) == row["_line"] for row in held)

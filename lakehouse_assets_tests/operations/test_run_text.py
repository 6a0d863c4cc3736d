"""The report of a run for people stays readable however many tables a pipeline has."""

from __future__ import annotations

import pytest

from lakehouse_assets.load.report import Counts
from lakehouse_assets.operations.run_text import ignored_columns, show_counts

LOADED = Counts(read=700_000, valid=699_990, rejected=10, inserted=699_000, updated=990)


def printed(capsys: pytest.CaptureFixture[str], tables: dict[str, Counts]) -> list[str]:
    """The lines that are printed for these tables, without their empty ends."""
    show_counts(tables)
    return [line.rstrip() for line in capsys.readouterr().out.splitlines() if line.strip()]


def test_few_tables_are_columns(capsys: pytest.CaptureFixture[str]) -> None:
    """A line for each count, also those that are 0."""
    lines = printed(capsys, {"clean_orders": LOADED, "clean_products": Counts()})
    assert lines[0].split() == ["silver", "clean_orders", "clean_products"]
    assert ["read", "700000", "0"] in [line.split() for line in lines]
    assert ["retried", "0", "0"] in [line.split() for line in lines]


def test_many_tables_are_rows_within_a_hundred_columns(capsys: pytest.CaptureFixture[str]) -> None:
    """Counts that are 0 for all of them are left out, unless people look for them."""
    names = [f"a_table_with_quite_a_name_{n}" for n in range(18)]
    lines = printed(capsys, dict.fromkeys(names, LOADED))
    assert max(map(len, lines)) <= 100
    assert lines[0].split() == ["silver", "read", "valid", "rejected", "inserted", "updated", "unchanged"]
    assert [line.split()[0] for line in lines[2:]] == names
    assert lines[2].split()[1:] == ["700000", "699990", "10", "699000", "990", "0"]


def test_tables_of_which_nothing_was_read_are_named_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """As of a run of the last hours, which loads three of eighteen tables; with nothing read nothing is printed."""
    idle = {f"a_table_with_quite_a_name_{n}": Counts() for n in range(12)}
    lines = printed(capsys, {"clicks": LOADED, **idle})
    assert [line.split()[0] for line in lines[2:-1]] == ["clicks"]
    assert lines[-1].startswith("Nothing was read for a_table_with_quite_a_name_0, ")
    assert lines[-1].endswith(" and 2 more.")
    assert printed(capsys, idle) == []


def test_columns_that_were_ignored_are_told_once_for_all_their_files() -> None:
    """An API that answers a new key does so on every page."""
    pages = {f"page-{n}": ["x_new"] for n in range(3)}
    assert ignored_columns({**pages, "other": ["a", "b"]}) == [
        "Ignored in page-0 and 2 more files: unknown columns x_new",
        "Ignored in other: unknown columns a, b",
    ]

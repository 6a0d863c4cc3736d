"""The order in which files of tests are handed to workers."""

from __future__ import annotations

from pathlib import Path

from lakehouse_assets_tests.order import LONGEST, longest_first


def test_every_file_that_is_named_is_there() -> None:
    """Once each; a file that was renamed would come late without anybody noticing."""
    here = Path(__file__).parent
    assert [name for name in LONGEST if not (here / name).is_file()] == []
    assert len(set(LONGEST)) == len(LONGEST)


def test_long_files_come_first_and_the_others_as_they_were() -> None:
    """The order of the list counts, not that in which files are found."""
    tests = "lakehouse_assets_tests"
    found = longest_first(["b.py", f"{tests}/{LONGEST[1]}", "a.py", f"{tests}/{LONGEST[0]}", "b.py"])
    assert list(found) == [f"{tests}/{LONGEST[0]}", f"{tests}/{LONGEST[1]}", "b.py", "a.py"]

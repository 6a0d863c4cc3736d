"""`lakehouse forget` on pages of an API and CSV drops: a return goes with its scans, and everything else stays."""

from __future__ import annotations

from lakehouse_assets_tests.operations.conftest import Cli
from lakehouse_assets_tests.returns.installation import Installation

SQL = "SELECT scan_id, _file, _line FROM returns_lakehouse.clean_scans ORDER BY 1"


def test_a_return_and_its_scans_are_erased_from_pages(loaded: Installation, cli: Cli) -> None:
    """Records of pages leave their places, scans of others keep theirs, and a rebuild from the pages agrees."""
    pages = [path for path in (loaded.lake / "bronze").rglob("*.json") if path.is_file()]
    before = cli("sql", SQL, "--format", "csv").out.splitlines()
    done = cli("forget", "returns", "--where", "return_id = 1")
    assert (done.code, done.err) == (0, "")
    texts = [path.read_text() for path in pages]
    assert sum(text.count('{"_forgotten":1}') for text in texts) == 2
    assert [text for text in texts if '"return_id":1}' in text.replace(" ", "")] == []
    assert cli("sql", SQL, "--format", "csv").out.splitlines() == [before[0], *before[3:]]
    left = cli("sql", "SELECT country, returns FROM returns_gold.daily_returns ORDER BY 1", "--format", "csv").out
    assert left == "country,returns\nAT,1\nDE,1\nUS,1\n"
    rebuilt = cli("rebuild", "silver", "--pipeline", "returns")
    assert rebuilt.err == ""
    assert "made anew" not in rebuilt.out

"""Settings: what is refused, and that everything wrong is said at once."""

from __future__ import annotations

import pytest

from lakehouse_assets.errors import SettingsInvalid
from lakehouse_assets.settings import read_settings


@pytest.mark.parametrize("folder", ["", ".", "s3://bucket/lake", "lake#1", "a[1]", "50%25", "what?"])
@pytest.mark.parametrize("name", ["lake", "landing"])
def test_a_folder_that_something_would_take_for_another_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, folder: str
) -> None:
    """Above all the empty name: the present folder would be taken for landing, and archived."""
    monkeypatch.setenv(f"LAKEHOUSE_{name.upper()}", folder)
    with pytest.raises(SettingsInvalid, match=f"LAKEHOUSE_{name.upper()} is `.*`, allowed is the name of a local"):
        read_settings()


def test_every_problem_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two wrong variables make one sentence with both, the values got and what is allowed."""
    monkeypatch.setenv("LAKEHOUSE_ENGINE", "polars")
    monkeypatch.setenv("LAKEHOUSE_DUCKDB_THREADS", "x")
    with pytest.raises(SettingsInvalid, match=r"ENGINE is `polars`, allowed is duckdb or spark; .*THREADS is `x`"):
        read_settings()

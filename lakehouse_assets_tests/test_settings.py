"""Settings: what is refused, and that everything wrong is said at once."""

from __future__ import annotations

from pathlib import Path

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


def test_a_landing_that_is_set_for_a_pipeline_goes_before_its_own_and_that_before_the_one_for_all(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A pipeline's own folder lies below the lake; the one for all is for pipelines that name none."""
    lake, for_all, set_for_it = tmp_path / "lake", tmp_path / "all", tmp_path / "returns"
    settings = read_settings(lake=lake)
    assert settings.landing_of("returns") == lake / "land-folder" / "Data"
    assert settings.landing_of("returns", "land-folder/Returns") == lake / "land-folder" / "Returns"
    monkeypatch.setenv("LAKEHOUSE_LANDING", str(for_all))
    settings = read_settings(lake=lake)
    assert settings.landing_of("returns") == for_all
    assert settings.landing_of("returns", "land-folder/Returns") == lake / "land-folder" / "Returns"
    monkeypatch.setenv("LAKEHOUSE_LANDINGS__RETURNS", str(set_for_it))
    settings = read_settings(lake=lake)
    assert settings.landing_of("returns") == settings.landing_of("returns", "land-folder/Returns") == set_for_it
    assert settings.landing_of("ecommerce") == for_all


def test_a_zone_that_is_set_for_a_pipeline_goes_before_its_own_and_that_before_the_one_for_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As landing."""
    own = "America/New_York"
    assert [read_settings().zone_of("returns"), read_settings().zone_of("returns", own)] == ["UTC", own]
    monkeypatch.setenv("LAKEHOUSE_SOURCE_TIMEZONE", "Europe/Berlin")
    assert [read_settings().zone_of("returns"), read_settings().zone_of("returns", own)] == ["Europe/Berlin", own]
    monkeypatch.setenv("LAKEHOUSE_ZONES__RETURNS", "Asia/Tokyo")
    assert [read_settings().zone_of("returns"), read_settings().zone_of("returns", own)] == ["Asia/Tokyo"] * 2
    assert read_settings().zone_of("ecommerce") == "Europe/Berlin"


@pytest.mark.parametrize(
    ("variable", "value", "allowed"),
    [
        ("LAKEHOUSE_LANDINGS__RETURNS", "s3://drops/returns", "the name of a local folder"),
        ("LAKEHOUSE_ZONES__RETURNS", "Mars/Base", "a time zone such as Europe/Berlin or UTC"),
    ],
)
def test_a_wrong_place_or_zone_of_one_pipeline_is_named_with_its_variable(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, allowed: str
) -> None:
    """People see which of many variables it was."""
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsInvalid, match=f"{variable} is `{value}`, allowed is {allowed}"):
        read_settings()

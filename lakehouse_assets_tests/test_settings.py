"""Settings: what is refused, and that everything wrong is said at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from lakehouse_assets.errors import SettingsInvalid
from lakehouse_assets.machine import machine_memory
from lakehouse_assets.settings import database_prefix, read_settings


@pytest.mark.parametrize("folder", ["", "gs://bucket/lake"])
@pytest.mark.parametrize("name", ["lake", "landing"])
def test_what_is_no_name_of_a_folder_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, folder: str) -> None:
    """Above all the empty name: the present folder would be taken for landing, and archived."""
    monkeypatch.setenv(f"LAKEHOUSE_{name.upper()}", folder)
    with pytest.raises(SettingsInvalid, match=f"LAKEHOUSE_{name.upper()} is `.*`, allowed is the name of a local"):
        read_settings()


def test_a_place_in_s3_has_one_spelling_and_says_what_is_wrong_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of lake and landing; a pipeline's own landing lies below the lake there too."""
    monkeypatch.setenv("LAKEHOUSE_LAKE", "s3://bucket/a/lake//")
    settings = read_settings()
    assert (settings.lake, settings.lake_root) == ("s3://bucket/a/lake", "s3://bucket/a/lake")
    assert settings.landing_of("returns", "land-folder/Returns") == "s3://bucket/a/lake/land-folder/Returns"
    assert read_settings(landing="s3://drops/").landing_of("returns") == "s3://drops"
    monkeypatch.setenv("LAKEHOUSE_LAKE", "s3://bucket/my lake")
    with pytest.raises(SettingsInvalid, match="LAKEHOUSE_LAKE is `s3://bucket/my lake`, a prefix consists of letters"):
        read_settings()


def test_history_is_a_folder_wherever_the_lake_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """That of Dagster, else that of the setting, else in the lake's folder; else one of the user's for each lake."""
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    assert read_settings(lake=tmp_path / "lake").history_home == tmp_path / "lake" / "dagster"
    in_s3 = read_settings(lake="s3://bucket/a/lake")
    assert in_s3.history_home == tmp_path / ".local" / "share" / "lakehouse" / "bucket+a+lake"
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert in_s3.history_home == tmp_path / "data" / "lakehouse" / "bucket+a+lake"
    monkeypatch.setenv("LAKEHOUSE_HISTORY", str(tmp_path / "own"))
    assert read_settings(lake="s3://bucket").history_home == tmp_path / "own"
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    assert read_settings(lake="s3://bucket").history_home == tmp_path / "home"
    monkeypatch.setenv("DAGSTER_HOME", "s3://bucket/home")
    with pytest.raises(SettingsInvalid, match="DAGSTER_HOME is `s3://bucket/home`, allowed is the name of a local"):
        _ = read_settings(lake="s3://bucket").history_home


@pytest.mark.parametrize("odd", ["#", "?", "*", "[", "]", "^", "|", "\\", "%", "\t", "\n", "\x7f", "\udcff"])
def test_a_folder_is_judged_by_what_it_means(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, odd: str) -> None:
    """A character that a library takes for something else is refused, also in a parent folder or behind a link."""
    (tmp_path / f"a{odd}b").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / f"a{odd}b")
    monkeypatch.chdir(tmp_path / f"a{odd}b")
    for name in (".", "lake", "../link/lake", str(tmp_path / f"a{odd}b")):
        with pytest.raises(SettingsInvalid, match=r"(?s)--lake is `.*`, which means `.*`; allowed is a path without ."):
            read_settings(lake=name)
    with pytest.raises(SettingsInvalid, match="LAKEHOUSE_LAKE is `lake`, which means"):
        _ = read_settings().lake_root
    assert read_settings(lake="..").lake_root == str(tmp_path)


def test_names_of_one_folder_mean_one_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The dot, a way up, a link and the home folder are what they lead to."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    monkeypatch.chdir(tmp_path / "real")
    monkeypatch.setenv("HOME", str(tmp_path / "real"))
    for name in (".", "../real", "../link", "~", "~/../link/."):
        assert read_settings(lake=name).lake_root == str(tmp_path / "real")


def test_a_link_that_leads_in_a_circle_is_no_folder(tmp_path: Path) -> None:
    """The system would say so in many ways later on."""
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(SettingsInvalid, match=r"--lake is `.*/a`, allowed is a folder that can be found"):
        read_settings(lake=tmp_path / "a")


@pytest.mark.parametrize("folder", ["{}/no/spill", "/spill-of-a-typo", "{}/file/spill"])
def test_a_spill_folder_is_not_made_by_a_typo(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, folder: str) -> None:
    """Neither below a folder that is not there, nor below `/`; the last part of its name may be new."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("LAKEHOUSE_DUCKDB_TEMP", folder.format(tmp_path))
    with pytest.raises(
        SettingsInvalid, match=r"LAKEHOUSE_DUCKDB_TEMP is `.*`, allowed is a folder that is there, or a"
    ):
        read_settings()
    monkeypatch.setenv("LAKEHOUSE_DUCKDB_TEMP", str(tmp_path / "spill"))
    assert read_settings().duckdb_temp == tmp_path / "spill"


@pytest.mark.parametrize(
    ("machine", "limit"), [(1, "800MB"), (3.2, "800MB"), (6, "1500MB"), (16, "4000MB"), (32, "8000MB"), (512, "8000MB")]
)
def test_duckdb_takes_a_quarter_of_the_machine(monkeypatch: pytest.MonkeyPatch, machine: float, limit: str) -> None:
    """At least 800 MB and at most 8 GB, unless somebody says otherwise; GB are powers of ten, as DuckDB's are."""
    monkeypatch.setattr("lakehouse_assets.settings.machine_memory", lambda: int(machine * 10**9))
    assert read_settings().duckdb_memory == limit
    monkeypatch.setenv("LAKEHOUSE_DUCKDB_MEMORY", "1GB")
    assert read_settings().duckdb_memory == "1GB"


def test_a_container_is_a_machine_of_its_own(tmp_path: Path) -> None:
    """Its limit counts where there is one, and it is below the machine's memory."""
    (tmp_path / "none").write_text("max\n")
    (tmp_path / "some").write_text("1000000000\n")
    whole = machine_memory([tmp_path / "none", tmp_path / "not there"])
    assert whole > 10**9
    assert machine_memory([tmp_path / "none", tmp_path / "some"]) == 10**9


@pytest.mark.parametrize("heap", ["180m", "511m", "0g", "3", "3GB", "512k", "-1g"])
def test_a_heap_that_spark_does_not_start_with_is_refused(monkeypatch: pytest.MonkeyPatch, heap: str) -> None:
    """Spark itself would say it in a hundred lines; 512m is enough."""
    for enough in ("512m", "1g"):
        monkeypatch.setenv("LAKEHOUSE_SPARK_MEMORY", enough)
        assert read_settings().spark_memory == enough
    monkeypatch.setenv("LAKEHOUSE_SPARK_MEMORY", heap)
    with pytest.raises(SettingsInvalid, match=f"SPARK_MEMORY is `{heap}`, allowed is a heap such as 3g .*of 512m at"):
        read_settings()


def test_every_problem_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two wrong variables make one sentence with both, the values got and what is allowed."""
    monkeypatch.setenv("LAKEHOUSE_ENGINE", "polars")
    monkeypatch.setenv("LAKEHOUSE_DUCKDB_THREADS", "x")
    with pytest.raises(
        SettingsInvalid, match=r"ENGINE is `polars`, allowed is duckdb, spark or auto; .*THREADS is `x`"
    ):
        read_settings()


def test_a_landing_that_is_set_for_a_pipeline_goes_before_its_own_and_that_before_the_one_for_all(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A pipeline's own folder lies below the lake; the one for all is for pipelines that name none."""
    lake, for_all, set_for_it = (f"{tmp_path}/{name}" for name in ("lake", "all", "returns"))
    settings = read_settings(lake=lake)
    assert settings.landing_of("returns") == f"{lake}/land-folder/Data"
    assert settings.landing_of("returns", "land-folder/Returns") == f"{lake}/land-folder/Returns"
    monkeypatch.setenv("LAKEHOUSE_LANDING", for_all)
    settings = read_settings(lake=lake)
    assert settings.landing_of("returns") == for_all
    assert settings.landing_of("returns", "land-folder/Returns") == f"{lake}/land-folder/Returns"
    monkeypatch.setenv("LAKEHOUSE_PIPELINES", "lakehouse_assets.ecommerce,lakehouse_assets_tests.returns")
    monkeypatch.setenv("LAKEHOUSE_LANDINGS__RETURNS", set_for_it)
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
    monkeypatch.setenv("LAKEHOUSE_PIPELINES", "lakehouse_assets.ecommerce,lakehouse_assets_tests.returns")
    monkeypatch.setenv("LAKEHOUSE_ZONES__RETURNS", "Asia/Tokyo")
    assert [read_settings().zone_of("returns"), read_settings().zone_of("returns", own)] == ["Asia/Tokyo"] * 2
    assert read_settings().zone_of("ecommerce") == "Europe/Berlin"


@pytest.mark.parametrize(
    ("variable", "value", "allowed"),
    [
        ("LAKEHOUSE_LANDINGS__RETURNS", "gs://drops/returns", "the name of a local folder"),
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


@pytest.mark.parametrize("variable", ["LAKEHOUSE_ZONES__MARKETIN", "LAKEHOUSE_LANDINGS__MARKETIN"])
def test_what_is_set_for_a_pipeline_that_there_is_not_is_refused(
    monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    """A slip in the name would leave the pipeline in another zone, or with another landing, without a word."""
    monkeypatch.setenv(variable, "UTC")
    with pytest.raises(SettingsInvalid, match=r"no pipeline `marketin`; there are: ecommerce, marketing"):
        read_settings()


@pytest.mark.parametrize("prefix", ["Staging_", "1st_", "a-b", "`x`"])
def test_a_prefix_of_databases_is_one_that_athena_takes(monkeypatch: pytest.MonkeyPatch, prefix: str) -> None:
    """The sentence names the variable and what is allowed."""
    monkeypatch.setenv("LAKEHOUSE_DATABASE_PREFIX", prefix)
    with pytest.raises(SettingsInvalid, match=r"LAKEHOUSE_DATABASE_PREFIX is `.*`, allowed is small letters, digits"):
        database_prefix()
    monkeypatch.setenv("LAKEHOUSE_DATABASE_PREFIX", "staging_2_")
    assert database_prefix() == "staging_2_"

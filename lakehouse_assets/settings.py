"""The only reader of the environment: every setting, its default, and what is allowed.

A setting `name` is read from `LAKEHOUSE_<NAME>`. All problems are reported at once.
"""

from __future__ import annotations

import os
from collections.abc import MutableMapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from lakehouse_assets.errors import SettingsInvalid

if TYPE_CHECKING:
    from lakehouse_assets.storage.lake import Lake

PREFIX_ENV = "LAKEHOUSE_"
DAGSTER_HOME_ENV = "DAGSTER_HOME"

EngineName = Literal["duckdb", "spark"]


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ValueError, KeyError, OSError) as error:
        raise ValueError("a time zone such as Europe/Berlin or UTC") from error
    return value


def _folder(value: Path) -> Path:
    # An empty name is the present folder, which a run would take for landing and archive what is in it; `://` would
    # become folders of that name; delta-rs and pyiceberg take the other characters for something else.
    text = os.fspath(value)
    if text == "." or ":/" in text or any(character in text for character in "%#[]*?"):
        raise ValueError(FOLDER)
    return value


FOLDER = "the name of a local folder, without any of % # [ ] * ?"
Folder = Annotated[Path, AfterValidator(_folder)]


class Settings(BaseSettings):
    """All settings; frozen, so that a run cannot change under its steps.

    Attributes:
        lake: folder of all tables, archives, runs and history.
        landing: folder where files are dropped; default `<lake>/land-folder/Data`.
        engine: which engine loads silver.
        source_timezone: zone of timestamps without offset, and of business dates.
        duckdb_memory: DuckDB's memory limit; what does not fit is spilled to disk.
        duckdb_threads: threads of DuckDB; 0 takes all cores.
        spark_memory: heap of a local Spark.
        quiet_seconds: how long a landed file must have been left alone before the sensor takes it.
        lease_renew_seconds: how often the run that holds a pipeline says so.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX_ENV, frozen=True, extra="ignore")

    lake: Folder = Path("lake")
    landing: Folder | None = None
    engine: EngineName = "duckdb"
    source_timezone: Annotated[str, AfterValidator(_zone)] = "UTC"
    duckdb_memory: Annotated[str, Field(pattern=r"^[0-9]+(\.[0-9]+)? ?(KB|MB|GB|TB|KiB|MiB|GiB|TiB)$")] = "800MB"
    duckdb_threads: Annotated[int, Field(ge=0, le=256)] = 0
    spark_memory: Annotated[str, Field(pattern=r"^[0-9]+[mg]$")] = "3g"
    quiet_seconds: Annotated[float, Field(ge=0, le=3600)] = 5.0
    lease_renew_seconds: Annotated[float, Field(gt=0, le=60)] = 30.0

    @property
    def lake_root(self) -> Path:
        """The lake as an absolute path."""
        return self.lake.expanduser().absolute()

    def open_lake(self) -> Lake:
        """The lake as a value, whether it is there or not."""
        from lakehouse_assets.storage.lake import open_lake

        return open_lake(str(self.lake_root))

    @property
    def landing_root(self) -> Path:
        """Landing as an absolute path."""
        return (self.landing.expanduser() if self.landing else self.lake_root / "land-folder" / "Data").absolute()

    @property
    def history(self) -> Path:
        """Where Dagster keeps its history: `DAGSTER_HOME`, else a folder in the lake."""
        home = os.environ.get(DAGSTER_HOME_ENV)
        return Path(home) if home else self.lake_root / "dagster"


ALLOWED = {
    "engine": " or ".join(get_args(EngineName)),
    "source_timezone": "a time zone such as Europe/Berlin or UTC",
    "duckdb_memory": "a size such as 800MB or 2GB",
    "duckdb_threads": "a whole number from 0 to 256",
    "spark_memory": "a heap such as 3g or 800m",
    "quiet_seconds": "seconds from 0 to 3600",
    "lease_renew_seconds": "seconds above 0 up to 60",
    "lake": FOLDER,
    "landing": FOLDER,
}
"""What each setting allows, in words."""


def read_settings(**overrides: Any) -> Settings:  # noqa: ANN401 - checked by the model
    """Settings from the environment; overrides that are not None win.

    Raises:
        SettingsInvalid: lists every problem with the variable's name, the value got and what is allowed.
    """
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        return Settings(**given)
    except ValidationError as error:
        raise SettingsInvalid(problems="; ".join(_problem(item) for item in error.errors())) from error


def process_environment() -> MutableMapping[str, str]:
    """The environment of this process, for callers that start programs with it; settings come from `read_settings`."""
    return os.environ


def _problem(item: Any) -> str:  # noqa: ANN401 - pydantic's record of one problem
    name = str(item["loc"][0])
    return f"{PREFIX_ENV}{name.upper()} is `{item['input']}`, allowed is {ALLOWED.get(name, item['msg'])}"

"""Options that several commands share, and the settings they make: command line over environment over default."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from lakehouse_assets.errors import BadRequest
from lakehouse_assets.settings import Settings, read_settings

Engine = Literal["duckdb", "spark"]
Lake = Annotated[Path | None, typer.Option(help="Folder of tables, archive and history (LAKEHOUSE_LAKE).")]
Landing = Annotated[Path | None, typer.Option(help="Folder where files are dropped (LAKEHOUSE_LANDING).")]
EngineOption = Annotated[Engine | None, typer.Option(help="Which engine loads silver (LAKEHOUSE_ENGINE).")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Show Dagster's own log on stderr.")]


def writing(lake: Path | None = None, landing: Path | None = None, engine: str | None = None) -> Settings:
    """Settings of a command that may create the lake; landing is made too where it lies in the lake.

    Raises:
        SettingsInvalid: as `read_settings`.
        BadRequest: the lake is a file, or the landing folder that was named is none.
    """
    settings = read_settings(lake=lake, landing=landing, engine=engine)
    if settings.lake_root.exists() and not settings.lake_root.is_dir():
        raise BadRequest(message=f"the lake `{settings.lake_root}` is a file, not a folder")
    if settings.landing is not None and not settings.landing_root.is_dir():
        raise BadRequest(message=f"landing `{settings.landing_root}` is not a folder")
    if settings.landing is None:
        settings.landing_root.mkdir(parents=True, exist_ok=True)
    return settings


def reading(lake: Path | None = None) -> Settings:
    """Settings of a command that only looks.

    Raises:
        SettingsInvalid: as `read_settings`.
        BadRequest: there is no lake.
    """
    settings = read_settings(lake=lake)
    if not settings.lake_root.is_dir():
        raise BadRequest(message=f"there is no lake at `{settings.lake_root}`; `lakehouse run ecommerce` makes one")
    return settings


def pipeline_named(name: str) -> str:
    """The name, when there is such a pipeline.

    Raises:
        BadRequest: there is not.
    """
    from lakehouse_assets.contracts.released import pipelines

    if name not in pipelines():
        raise BadRequest(message=f"there is no pipeline `{name}`; there are: {', '.join(pipelines())}")
    return name

"""Define the options that several commands share; the command line wins over the environment, that over the default."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from lakehouse_assets.errors import BadRequest
from lakehouse_assets.operations import completion
from lakehouse_assets.settings import AFFISE_URL_ENV, Settings, process_environment, read_settings
from lakehouse_assets.spelling import meant

Engine = Literal["duckdb", "spark", "auto"]


def place(name: str) -> str:
    """Read the name of a folder, or `s3://bucket/prefix`, from the command line.

    Raises:
        BadRequest: it is empty, as a variable that is not set makes it; as a path it would be the present folder.
    """
    if not name:
        raise BadRequest(message="a folder's name is empty; the present folder is `.`")
    return name


LakeOption = Annotated[
    str | None,
    typer.Option(parser=place, metavar="PLACE", help="Folder or s3:// of tables and archive (LAKEHOUSE_LAKE)."),
]
LandingOption = Annotated[
    str | None,
    typer.Option(parser=place, metavar="PLACE", help="Folder or s3:// where files are dropped (LAKEHOUSE_LANDING)."),
]
EngineOption = Annotated[Engine | None, typer.Option(help="Which engine loads silver (LAKEHOUSE_ENGINE).")]
AffiseUrlOption = Annotated[
    str | None, typer.Option(help="Base URL of an Affise account's API (LAKEHOUSE_AFFISE__URL).")
]
PipelineArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="[PIPELINE]",
        autocompletion=completion.pipelines,
        help="Which pipeline; may be left out where only one can be meant.",
    ),
]
PipelineOption = Annotated[
    str | None,
    typer.Option(
        autocompletion=completion.pipelines, help="Which pipeline; may be left out where only one can be meant."
    ),
]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Show Dagster's own log on stderr.")]


def use_affise_url(pipeline: str, url: str | None) -> None:
    """Let what runs in this process pull from another account than the environment names.

    Raises:
        BadRequest: the pipeline does not pull from Affise.
        SettingsInvalid: it is no URL of an API.
    """
    if url is None:
        return
    from lakehouse_assets.pipelines import pipeline_of

    if "affise" not in pipeline_of(pipeline).reads:
        raise BadRequest(message=f"--affise-url is for a pipeline that pulls from Affise, which `{pipeline}` does not")
    settings = read_settings(affise={"url": url})
    process_environment()[AFFISE_URL_ENV] = str(settings.affise.url)


def writing(
    pipeline: str | None, lake: str | None = None, landing: str | None = None, engine: str | None = None
) -> Settings:
    """Return the settings of a command that may create the lake; landing is made too where it lies in the lake.

    Args:
        pipeline: whose landing is looked at; None for a command that is about all of them.
        lake: as given on the command line, None for what the environment says.
        landing: likewise, of the pipeline.
        engine: likewise.

    Raises:
        SettingsInvalid: as `read_settings`.
        BadRequest: the lake is a file, or the landing folder that was named is none.
        LakeElsewhere: the lake was copied or moved.
        ReadOnly, AccessDenied: the lake cannot be written.
        BucketMissing, CredentialsUnusable, RegionUnknown, RegionWrong: the bucket that is named cannot be used.
    """
    from lakehouse_assets.storage.lake import lake_of
    from lakehouse_assets.storage.opening import require_place, require_writable

    settings = read_settings(lake=lake, engine=engine)
    if pipeline is not None and landing is not None:
        settings = read_settings(lake=lake, engine=engine, landings={**settings.landings, pipeline: landing})
    require_place(settings.lake_root)
    lake_of(settings).require_here()
    require_writable(settings.lake_root)
    if pipeline is not None:
        _ready_landing(pipeline, settings)
    return settings


def _ready_landing(pipeline: str, settings: Settings) -> None:
    from lakehouse_assets.pipelines import pipeline_of
    from lakehouse_assets.storage.opening import no_landing, open_store

    where = pipeline_of(pipeline).landing_in(settings)
    if not open_store(where, create=where.startswith(f"{settings.lake_root}/")).exists:
        raise no_landing(where)


def reading(lake: str | None = None) -> Settings:
    """Return the settings of a command that only reads the lake.

    Raises:
        SettingsInvalid: as `read_settings`.
        BadRequest: there is no lake.
        BucketMissing, CredentialsUnusable, RegionUnknown, RegionWrong: as `writing`.
    """
    from lakehouse_assets.storage.lake import lake_of
    from lakehouse_assets.storage.opening import require_place

    settings = read_settings(lake=lake)
    require_place(settings.lake_root)
    if not lake_of(settings).exists:
        raise BadRequest(message=f"there is no lake at `{settings.lake_root}`; `lakehouse run` makes one")
    return settings


def pipelines_of(name: str | None, lake: str | None = None) -> tuple[str, ...]:
    """Return the pipelines that a command is about: the named one, else those in the lake, else all.

    Args:
        name: as given on the command line.
        lake: likewise; None for what the environment says. A pipeline is in a lake once it has run there.

    Raises:
        BadRequest: there is no such pipeline.
    """
    from lakehouse_assets.contracts.packages import pipelines
    from lakehouse_assets.storage.opening import open_store

    known = pipelines()
    if name is not None and name not in known:
        raise BadRequest(message=f"there is no pipeline `{name}`; there are: {', '.join(known)}")
    if name is not None:
        return (name,)
    store = open_store(read_settings(lake=lake).lake_root, create=False)
    if len(known) == 1 or not store.exists:
        return known
    return tuple(one for one in known if store.has_any(f"runs/{one}/")) or known


def chosen_pipeline(name: str | None, lake: str | None = None, table: str | None = None) -> str:
    """Return the one pipeline that a command is about: the named one, else that of a table, else the only one.

    Args:
        name: as given on the command line.
        lake: as for `pipelines_of`.
        table: bare name, catalog name or asset key of a table that the command names.

    Raises:
        BadRequest: there is no such pipeline, or none is named and several may be meant.
    """
    found = pipelines_of(name, lake)
    if len(found) > 1 and table is not None:
        from lakehouse_assets.contracts import contracts

        bare = table.replace("/", ".").rpartition(".")[2]
        names = {one: {each.name for each in contracts(one).values()} for one in found}
        having = tuple(one for one in found if bare in names[one])
        if not having:
            hint = meant(bare, set().union(*names.values()), '`lakehouse sql "SHOW TABLES"` lists them')
            raise BadRequest(message=f"there is no table `{table}`; {hint}")
        found = having
    if len(found) > 1:
        raise BadRequest(message=f"name a pipeline; there are: {', '.join(found)}")
    return found[0]

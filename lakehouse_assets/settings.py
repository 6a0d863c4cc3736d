"""Read the environment, as the only module that does: every setting, its default, and what is allowed.

A setting `name` is read from `LAKEHOUSE_<NAME>`. All problems are reported at once.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, MutableMapping
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal, get_args
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from lakehouse_assets.errors import SettingsInvalid
from lakehouse_assets.machine import default_memory, machine_memory, printable, spare_folder, usable_folder
from lakehouse_assets.urls import S3, WEBHOOK, api_url, is_s3, s3_place, webhook_url

PREFIX_ENV = "LAKEHOUSE_"
DAGSTER_HOME_ENV = "DAGSTER_HOME"
XDG_DATA_ENV = "XDG_DATA_HOME"
XDG_STATE_ENV = "XDG_STATE_HOME"
AFFISE_URL_ENV = f"{PREFIX_ENV}AFFISE__URL"
TARGET_ENV = f"{PREFIX_ENV}TARGET"

PIPELINES = ("lakehouse_assets.ecommerce", "lakehouse_assets.marketing")
"""Names the packages of the pipelines that come with the product."""

Target = Literal["local", "aws"]
Scheduler = Literal["dagster", "stepfunctions"]
EngineName = Literal["duckdb", "spark", "auto"]


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ValueError, KeyError, OSError) as error:
        raise ValueError("a time zone such as Europe/Berlin or UTC") from error
    return value


def _listed(value: object) -> object:
    return tuple(item.strip() for item in value.split(",") if item.strip()) if isinstance(value, str) else value


def _named(value: object) -> object:
    # An empty name would be the present folder, which nobody meant; that has a name, the dot.
    if value == "":
        raise ValueError("allowed is the name of a local folder; the present one is `.`")
    return value


def _text(value: object) -> object:
    return os.fspath(value) if isinstance(value, os.PathLike) else value


def _place(value: str) -> str:
    """Return the one spelling of a place, a folder or one in S3."""
    if is_s3(value):
        bucket, prefix = s3_place(value)
        return f"{S3}{bucket}/{prefix}".rstrip("/")
    return str(usable_folder(Path(value), also=f" or {S3}bucket/prefix"))


def _folder(value: Path) -> Path:
    return usable_folder(value)


def _spare(value: Path) -> Path:
    return spare_folder(value)


def _webhook(value: SecretStr) -> SecretStr:
    return SecretStr(webhook_url(value.get_secret_value()))


def _heap(value: str) -> str:
    if int(value[:-1]) * MEBIBYTES[value[-1]] < LEAST_HEAP:
        raise ValueError("a heap that Spark starts with")
    return value


DEFAULT_LANDING = "land-folder/Data"
"""Says where below the lake files are dropped when no setting names a landing."""
Folder = Annotated[Path, BeforeValidator(_named), AfterValidator(_folder)]
Place = Annotated[str, BeforeValidator(_text), BeforeValidator(_named), AfterValidator(_place)]
"""Is an absolute folder, or `s3://bucket/prefix`."""
SpareFolder = Annotated[Path, BeforeValidator(_named), AfterValidator(_spare)]
Zone = Annotated[str, AfterValidator(_zone)]
Size = Annotated[str, Field(pattern=r"^[0-9]+(\.[0-9]+)? ?(KB|MB|GB|TB|KiB|MiB|GiB|TiB)$")]


MEBIBYTES = {"m": 1, "g": 1024}
LEAST_HEAP = 512
"""Is the least heap in MiB that is round and above the 450 MiB that Spark wants, of which Java keeps some for itself:
https://github.com/apache/spark/blob/v4.1.1/core/src/main/scala/org/apache/spark/memory/UnifiedMemoryManager.scala"""
Heap = Annotated[str, Field(pattern=r"^[0-9]{1,9}[mg]$"), AfterValidator(_heap)]
Package = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*$")]


SecretName = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$")]
"""Names a secret; the pattern is one that a secret itself does not have, so that nobody sets that by mistake."""
DatabasePrefix = Annotated[str, Field(pattern=r"^([a-z][a-z0-9_]{0,39})?$")]
"""Begins the name of a database; Athena takes these letters alone without quoting."""
NamePrefix = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{0,40}$")]
"""Begins the names of what is deployed, so that several environments fit into one account."""
Seconds = Annotated[float, Field(gt=0, le=600)]


class Affise(BaseModel):
    """Hold the settings of the Affise client, `LAKEHOUSE_AFFISE__<NAME>`; it is no setting but a secret that is a key.

    Attributes:
        url: base URL of the account's API.
        key_name: name of the secret that holds the API key.
        hash_key_name: name of the secret by which e-mail addresses and IPs are hashed.
        rate: requests a second at most.
        requests: how many requests one run may make.
        retries: how many of them may be further tries.
        tries: how often one request is tried.
        connect_seconds: how long a connection is waited for.
        read_seconds: how long the next piece of an answer is waited for.
        large: how many records a day may have to be pulled as one slice, and not by hour.
        click_days: for how many days the account remembers clicks.
        clicks: where clicks are from: `clicks`, or `custom` for an account without `stats/clicks`.
        most_gone: the share of a list, such as that of offers, that may be gone since its last pull.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: Annotated[str, AfterValidator(api_url)] | None = None
    key_name: SecretName = "AFFISE_API_KEY"
    hash_key_name: SecretName = "AFFISE_HASH_KEY"
    rate: Annotated[float, Field(gt=0, le=1000)] = 5.0
    requests: Annotated[int, Field(ge=1)] = 100_000
    retries: Annotated[int, Field(ge=0)] = 200
    tries: Annotated[int, Field(ge=1, le=20)] = 6
    connect_seconds: Seconds = 10.0
    read_seconds: Seconds = 60.0
    large: Annotated[int, Field(ge=1)] = 50_000
    click_days: Annotated[int, Field(ge=1, le=3650)] = 7
    clicks: Literal["clicks", "custom"] = "clicks"
    most_gone: Annotated[float, Field(ge=0, le=1)] = 0.2


class Alerts(BaseModel):
    """Hold through what people are told, beside the folder `notifications/` of the lake, `LAKEHOUSE_ALERTS__<NAME>`.

    Attributes:
        webhook: URL that takes Slack's JSON; a secret, as whoever has it can write there.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    webhook: Annotated[SecretStr, AfterValidator(_webhook)] | None = None


class Aws(BaseModel):
    """Hold names of what is deployed in an account, `LAKEHOUSE_AWS__<NAME>`; used where the target is `aws`.

    Attributes:
        workgroup: of Athena; it says where results lie, and how much one query may scan.
        topic: ARN of the topic that people are told through; None for the folder `notifications/` of the lake alone.
        function_prefix: begins the names of the Lambda functions.
        job_prefix: begins the names of the Glue jobs.
        secret: name or ARN of the secret in Secrets Manager that holds all keys as JSON; None where each has its own.
        secret_prefix: begins the names of secrets that are each one of its own.
        small_bytes, small_files: up to so much, the engine `auto` loads without Spark.
        poll_seconds: the longest pause between two looks at a job or a query that goes on.
        flex: whether Glue jobs take spare capacity, which is cheaper and may have to be waited for.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    workgroup: Annotated[str, Field(pattern=r"^[a-zA-Z0-9._-]{1,128}$")] = "lakehouse"
    topic: Annotated[str, Field(pattern=r"^arn:[a-z-]+:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]+$")] | None = None
    function_prefix: NamePrefix = ""
    job_prefix: NamePrefix = ""
    secret: Annotated[str, Field(pattern=r"^[A-Za-z0-9/_+=.@:-]{1,512}$")] | None = None
    secret_prefix: Annotated[str, Field(pattern=r"^[A-Za-z0-9/_+=.@-]{0,200}$")] = ""
    small_bytes: Annotated[int, Field(ge=0)] = 50_000_000
    small_files: Annotated[int, Field(ge=0)] = 500
    poll_seconds: Annotated[float, Field(gt=0, le=60)] = 10.0
    flex: bool = False


def _usual_engine(known: dict[str, Any]) -> EngineName:
    """Return the engine where none is set: on AWS it follows from what there is to load."""
    return "auto" if known.get("target") == "aws" else "duckdb"


def _usual_scheduler(known: dict[str, Any]) -> Scheduler:
    """Return who starts runs where nobody is named: on AWS the state machines do."""
    return "stepfunctions" if known.get("target") == "aws" else "dagster"


class Settings(BaseSettings):
    """Hold all settings; frozen, so that a run cannot change under its steps.

    Attributes:
        target: where steps are carried out: `local` in this process, `aws` by Glue, Athena and Lambda.
        scheduler: who starts runs by schedules and for files that land: `dagster`, or the state machines,
            `stepfunctions`; what the other one has for it comes up switched off. By default as the target is.
        pipelines: Python packages of the pipelines, separated by commas; a package is named like its pipeline.
        lake: place of all tables, archives and runs: a folder, or `s3://bucket/prefix`.
        landing: place where files are dropped, for a pipeline that names none; default `<lake>/land-folder/Data`.
        landings: the same for one pipeline, `LAKEHOUSE_LANDINGS__<PIPELINE>`, whatever that one names.
        database_prefix: begins the names of the databases in Glue that hold the gold tables of a lake in S3.
        engine: which engine loads silver; `auto` takes Spark where there is much to load on AWS, else the embedded one.
            By default `duckdb`, and `auto` on AWS.
        source_timezone: zone of timestamps without offset, and of business dates, for a pipeline that names none.
        zones: the same for one pipeline, `LAKEHOUSE_ZONES__<PIPELINE>`, whatever that one names.
        duckdb_memory: DuckDB's memory limit; what does not fit is spilled to disk. By default see `default_memory`.
        duckdb_temp: folder of what is spilled; None for the system's folder of temporary files.
        duckdb_temp_limit: how much may be spilled; None for nine tenths of the space that is free there.
        duckdb_threads: threads of DuckDB; 0 takes all cores.
        spark_memory: heap of a local Spark, at least `LEAST_HEAP`.
        quiet_seconds: how long a landed file must have been left alone before the sensor takes it.
        history: folder of Dagster's history, where `DAGSTER_HOME` names none; default `<lake>/dagster`, for a lake in
            S3 a folder of this user's, see `history_home`.
        lease_renew_seconds: how often the run that holds a pipeline says so.
        repository_url: where people read the code, such as `https://github.com/acme/lakehouse`, which the UI links to;
            None for the files on this machine.
        repository_revision: the branch, tag or commit that is deployed.
        affise: of the Affise client.
        alerts: through what people are told.
        aws: names of what is deployed.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX_ENV, env_nested_delimiter="__", frozen=True, extra="ignore")

    target: Target = "local"
    scheduler: Scheduler = Field(default_factory=_usual_scheduler)
    pipelines: Annotated[tuple[Package, ...], NoDecode, BeforeValidator(_listed), Field(min_length=1)] = PIPELINES
    lake: Place = "lake"
    landing: Place | None = None
    landings: dict[str, Place] = Field(default_factory=dict)
    database_prefix: DatabasePrefix = ""
    engine: EngineName = Field(default_factory=_usual_engine)
    source_timezone: Zone = "UTC"
    zones: dict[str, Zone] = Field(default_factory=dict)
    duckdb_memory: Size = Field(default_factory=lambda: default_memory(machine_memory()))
    duckdb_temp: SpareFolder | None = None
    duckdb_temp_limit: Size | None = None
    duckdb_threads: Annotated[int, Field(ge=0, le=256)] = 0
    spark_memory: Heap = "3g"
    quiet_seconds: Annotated[float, Field(ge=0, le=3600)] = 5.0
    history: Folder | None = None
    lease_renew_seconds: Annotated[float, Field(gt=0, le=60)] = 30.0
    repository_url: Annotated[str, Field(pattern=r"^https://[^\s@?#]+[^\s@?#/]$")] | None = None
    repository_revision: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,199}$")] = "main"
    affise: Affise = Field(default_factory=Affise)
    alerts: Alerts = Field(default_factory=Alerts)
    aws: Aws = Field(default_factory=Aws)

    @field_validator("landings", "zones")
    @classmethod
    def _of_pipelines(cls, value: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        """Refuse what is set for a pipeline that there is not, since it would be ignored."""
        known = [package.rpartition(".")[2] for package in info.data.get("pipelines", ())]
        strange = sorted(value.keys() - set(known)) if known else []
        if strange:
            raise ValueError(f"there is no pipeline `{strange[0]}`; there are: {', '.join(sorted(known))}")
        return value

    @property
    def lake_root(self) -> str:
        """Return the lake's place: an absolute path without links, or `s3://bucket/prefix`.

        Raises:
            SettingsInvalid: the folder that is meant cannot hold a lake, wherever its name comes from.
        """
        return _usable("lake", self.lake)

    def require_aws(self) -> None:
        """Make sure that services of AWS can reach the lake.

        Raises:
            SettingsInvalid: it is a folder, or its databases have a prefix, which Athena's SQL does not know.
        """
        if not is_s3(self.lake_root):
            problem = f"LAKEHOUSE_LAKE is `{self.lake_root}`, allowed is s3://bucket/prefix"
            raise SettingsInvalid(problems=f"{problem} where LAKEHOUSE_TARGET is aws")
        if self.database_prefix:
            problem = "LAKEHOUSE_DATABASE_PREFIX is set, allowed is none where LAKEHOUSE_TARGET is aws"
            raise SettingsInvalid(problems=f"{problem}: Athena names databases as contracts do")

    def landing_of(self, pipeline: str, own: str | None = None) -> str:
        """Return a pipeline's landing, as `lake_root` is: set for it, else its own below the lake, else set for all.

        Args:
            pipeline: its name.
            own: the key that it names itself, below the lake.

        Raises:
            SettingsInvalid: as `lake_root`.
        """
        chosen = self.landings.get(pipeline) or (None if own else self.landing)
        return _usable("landing", chosen or f"{self.lake_root}/{own or DEFAULT_LANDING}")

    def zone_of(self, pipeline: str, own: str | None = None) -> str:
        """Return a pipeline's source time zone: set for it, else named by the pipeline itself, else set for all."""
        return self.zones.get(pipeline) or own or self.source_timezone

    @property
    def history_home(self) -> Path:
        """Return where Dagster keeps its history, which is always a folder, since it consists of databases.

        It is `DAGSTER_HOME`, else the setting `history`, else a folder in the lake. For a lake in S3 it is one of this
        user's, one for each lake: `$XDG_DATA_HOME/lakehouse/<bucket>+<prefix>`, https://specifications.freedesktop.org/basedir/
        """
        home, root = os.environ.get(DAGSTER_HOME_ENV), self.lake_root
        if home:
            return Path(_usable(DAGSTER_HOME_ENV, home, _folder_name))
        if self.history is not None:
            return self.history
        if not is_s3(root):
            return Path(root, "dagster")
        shared = os.environ.get(XDG_DATA_ENV) or "~/.local/share"
        return Path(_usable(XDG_DATA_ENV, shared, _folder_name), "lakehouse", root.removeprefix(S3).replace("/", "+"))


ALLOWED = {
    "target": " or ".join(get_args(Target)),
    "scheduler": " or ".join(get_args(Scheduler)),
    "pipelines": "a list of Python packages such as lakehouse_assets.ecommerce, separated by commas",
    "database_prefix": "small letters, digits and _, such as staging_; a letter comes first",
    "engine": "duckdb, spark or auto",
    "source_timezone": "a time zone such as Europe/Berlin or UTC",
    "duckdb_memory": "a size such as 800MB or 2GB",
    "duckdb_temp_limit": "a size such as 800MB or 2GB",
    "duckdb_threads": "a whole number from 0 to 256",
    "spark_memory": "a heap such as 3g or 800m, of 512m at least",
    "quiet_seconds": "seconds from 0 to 3600",
    "lease_renew_seconds": "seconds above 0 up to 60",
    "zones": "a time zone such as Europe/Berlin or UTC",
    "repository_url": "the address of a repository such as https://github.com/acme/lakehouse",
    "repository_revision": "a branch, a tag or a commit",
    "affise__url": "https://<host>, or http:// to this machine only, without a path, a user or a query",
    "affise__key_name": "the name of a secret in capitals, such as AFFISE_API_KEY",
    "affise__hash_key_name": "the name of a secret in capitals, such as AFFISE_HASH_KEY",
    "affise__rate": "requests a second, above 0 up to 1000",
    "affise__requests": "a whole number from 1",
    "affise__retries": "a whole number from 0",
    "affise__tries": "a whole number from 1 to 20",
    "affise__connect_seconds": "seconds above 0 up to 600",
    "affise__read_seconds": "seconds above 0 up to 600",
    "affise__large": "a whole number from 1",
    "affise__click_days": "a whole number from 1 to 3650",
    "affise__clicks": "clicks or custom",
    "affise__most_gone": "a share from 0 to 1",
    "alerts__webhook": WEBHOOK,
    "aws__workgroup": "the name of a workgroup of Athena",
    "aws__topic": "the ARN of a topic, arn:aws:sns:<region>:<account>:<name>",
    "aws__function_prefix": "up to 40 letters, digits, _ and -",
    "aws__job_prefix": "up to 40 letters, digits, _ and -",
    "aws__secret": "the name or the ARN of a secret in Secrets Manager",
    "aws__secret_prefix": "the beginning of names of secrets, such as lakehouse/",
    "aws__small_bytes": "a whole number from 0",
    "aws__small_files": "a whole number from 0",
    "aws__poll_seconds": "seconds above 0 up to 60",
    "aws__flex": "true or false",
}
"""Says in words what each setting allows; a folder says it by itself, as it depends on what its name means."""
NESTED = frozenset({"landings", "zones", "affise", "alerts", "aws"})
"""Holds settings that consist of several variables."""
OPTIONS = {"lake": "--lake", "landings": "--landing", "engine": "--engine", "affise__url": "--affise-url"}
"""Names the options of the command line that override settings."""


def read_settings(**overrides: Any) -> Settings:  # noqa: ANN401 - checked by the model
    """Return the settings from the environment; overrides that are not None win.

    Raises:
        SettingsInvalid: lists every problem with the variable's name, the value got and what is allowed.
    """
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        return Settings(**given)
    except ValidationError as error:
        # What depends on a value that is not allowed is not worked out, and no problem of its own.
        found = [item for item in error.errors() if item["type"] != "default_factory_not_called"]
        raise SettingsInvalid(problems="; ".join(_problem(item, given) for item in found)) from error


def state_folder() -> Path:
    """Return this user's folder for what a command remembers, which need not be there.

    https://specifications.freedesktop.org/basedir/

    Raises:
        SettingsInvalid: the folder that is meant cannot be used.
    """
    shared = os.environ.get(XDG_STATE_ENV) or "~/.local/state"
    return Path(_usable(XDG_STATE_ENV, shared, _folder_name), "lakehouse")


def pipeline_packages() -> tuple[str, ...]:
    """Return the setting `pipelines`, which a code location asks several times a table.

    Raises:
        SettingsInvalid: as `read_settings`.
    """
    return _remembered(_written("pipelines")).pipelines


def database_prefix() -> str:
    """Return the setting `database_prefix`, which is asked whenever a gold table in S3 is opened.

    Raises:
        SettingsInvalid: as `read_settings`.
    """
    return _remembered(_written("database_prefix")).database_prefix


def _written(name: str) -> tuple[str, ...]:
    variable = f"{PREFIX_ENV}{name.upper()}"
    return (name, *(value for key, value in os.environ.items() if key.upper() == variable))


@lru_cache(maxsize=8)  # Reading all settings takes milliseconds.
def _remembered(written: tuple[str, ...]) -> Settings:
    """Return the settings, of which only the one holds that is written so in the environment."""
    del written
    return read_settings()


def process_environment() -> MutableMapping[str, str]:
    """Return the environment of this process, for starting programs with it; settings come from `read_settings`."""
    return os.environ


def _problem(item: Any, given: Mapping[str, object]) -> str:  # noqa: ANN401 - pydantic's record of one problem
    name = str(item["loc"][0])
    variable = "__".join([name, *(str(part) for part in item["loc"][1:] if name in NESTED)])
    option = OPTIONS.get(variable) or OPTIONS.get(name)
    source = option if name in given and option else f"{PREFIX_ENV}{variable.upper()}"
    own = item["msg"].removeprefix("Value error, ")
    if isinstance(item["input"], dict) and item["type"] == "value_error":
        return f"{PREFIX_ENV}{variable.upper()}__<PIPELINE>: {own}"
    allowed = ALLOWED.get(variable) or ALLOWED.get(name)
    return f"{source} is `{_shown(variable, str(item['input']))}`, {f'allowed is {allowed}' if allowed else own}"


def _shown(variable: str, value: str) -> str:
    """Return a value for people; a secret that was put where its name belongs, or into a URL, gets into no log."""
    if variable.endswith(("key_name", "webhook")) or "@" in value:
        return "..."
    return printable(value.partition("?")[0] if variable.endswith("url") else value)


def _folder_name(value: str) -> str:
    return str(usable_folder(Path(value)))


def _usable(name: str, place: str, meant: Callable[[str], str] = _place) -> str:
    """Return the place that a name means, also of one that nobody has set and that no validator saw."""
    try:
        return meant(place)
    except ValueError as error:
        variable = name if name.isupper() else f"{PREFIX_ENV}{name.upper()}"
        raise SettingsInvalid(problems=f"{variable} is `{printable(place)}`, {error}") from error

"""Find endpoint, region and credentials of AWS by its standard variables and profiles, for every library that asks.

Belongs here: what a library has to be told to reach S3, from one source, so that all of them mean the same account.
Not here: objects (`storage/s3.py`). boto3 is imported when something is asked, since that takes a third of a second.
https://docs.aws.amazon.com/sdkref/latest/guide/environment-variables.html
"""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from lakehouse_assets.errors import CredentialsUnusable, RegionUnknown
from lakehouse_assets.settings import process_environment

if TYPE_CHECKING:
    import boto3
    from botocore.client import Config
    from botocore.session import Session
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_s3 import S3Client

ATTEMPTS = 6
"""How often one request is tried, in botocore's standard mode, where AWS_MAX_ATTEMPTS does not say it."""
CONNECT_SECONDS = 10
READ_SECONDS = 60
CONNECTIONS = 32
REGION_ENV = "AWS_REGION"
"""Names the region for every SDK but Python's, which asks AWS_DEFAULT_REGION; here both do, this one first."""


_MAKING = threading.RLock()
"""Is held while sessions and clients are made, which threads may not do at the same time; clients they may share."""


@dataclass(frozen=True)
class Access:
    """Hold what a library needs to reach S3 as this process does; secrets are not shown.

    Attributes:
        region: where the buckets lie.
        endpoint: URL of the service, where it is not AWS' own; else None.
        key_id, secret, token: credentials of this moment; the token is None for those that do not expire.
    """

    region: str
    endpoint: str | None
    key_id: str = field(repr=False)
    secret: str = field(repr=False)
    token: str | None = field(repr=False)

    @property
    def is_plain(self) -> bool:
        """Say whether the endpoint is spoken to without TLS."""
        return (self.endpoint or "").startswith("http://")

    def delta_options(self) -> dict[str, str]:
        """Return what delta-rs takes as `storage_options`; commits are conditional puts, which is its default."""
        options = {"AWS_REGION": self.region, "AWS_ACCESS_KEY_ID": self.key_id, "AWS_SECRET_ACCESS_KEY": self.secret}
        options |= {"AWS_SESSION_TOKEN": self.token} if self.token else {}
        options |= {"AWS_ENDPOINT_URL": self.endpoint} if self.endpoint else {}
        return options | ({"AWS_ALLOW_HTTP": "true"} if self.is_plain else {})


def access() -> Access:
    """Return how S3 is reached now; temporary credentials are renewed where they are about to expire.

    Raises:
        CredentialsUnusable: there are none, or they cannot be had.
        RegionUnknown: no region is set.
    """
    from lakehouse_assets.storage.s3_errors import finding_credentials

    known = _known(_state())
    with finding_credentials(), _MAKING:
        found = known.session.get_credentials()
        if found is None:
            raise CredentialsUnusable(problem="there are none", way_out="set AWS_PROFILE or AWS_ACCESS_KEY_ID")
        now = found.get_frozen_credentials()
    return Access(known.region, known.endpoint, now.access_key or "", now.secret_key or "", now.token)


def client() -> S3Client:
    """Return this process' client of S3, which threads may share.

    Raises:
        CredentialsUnusable, RegionUnknown: as `access`.
    """
    made: S3Client = client_of("s3")
    return made


def glue() -> GlueClient:
    """Return this process' client of Glue, its catalog and its jobs, which threads may share.

    Raises:
        CredentialsUnusable, RegionUnknown: as `access`.
    """
    made: GlueClient = client_of("glue")
    return made


def client_of(service: str, *, read_seconds: int = READ_SECONDS, tries: int | None = None) -> Any:  # noqa: ANN401 - each service has a type of its own
    """Return this process' client of a service by boto3's name, such as `athena`; threads may share it.

    Args:
        service: its name.
        read_seconds: how long an answer is waited for, where a service takes longer than others.
        tries: how often a request is sent, where not as often as usual: once where sending it twice does it twice.

    Raises:
        CredentialsUnusable, RegionUnknown: as `access`.
    """
    with _MAKING:
        return _client(_state(), service, read_seconds, tries)


def region() -> str:
    """Return the region that is set.

    Raises:
        CredentialsUnusable, RegionUnknown: as `access`.
    """
    with _MAKING:
        return _known(_state()).region


def client_config(read_seconds: int = READ_SECONDS, tries: int | None = None) -> Config:
    """Return how clients try again and wait; for every service alike, but for what `client_of` says."""
    from botocore.client import Config

    known = _known(_state())
    return Config(
        retries={"mode": "standard", "total_max_attempts": tries or known.attempts},
        connect_timeout=CONNECT_SECONDS,
        read_timeout=read_seconds,
        # A gateway forgets a connection on which nothing is said for minutes, and a function may work as long.
        tcp_keepalive=True,
        max_pool_connections=CONNECTIONS,
        s3={"addressing_style": "path"} if known.endpoint else {},
    )


def session() -> boto3.Session:
    """Return this process' session of boto3, for clients of other services than S3.

    Raises:
        CredentialsUnusable, RegionUnknown: as `access`.
    """
    return _known(_state()).session


@dataclass(frozen=True)
class _Known:
    """Hold what is found out once per process and environment."""

    session: boto3.Session
    region: str
    endpoint: str | None
    attempts: int


def _state() -> tuple[Any, ...]:
    """Return what decides who we are to AWS: the process, since clients do not survive a fork, and the variables."""
    told = {name: value for name, value in process_environment().items() if name.startswith("AWS_") or name == "HOME"}
    return os.getpid(), tuple(sorted(told.items()))


@lru_cache(maxsize=4)
def _known(state: tuple[Any, ...]) -> _Known:
    import boto3
    from botocore.session import Session

    from lakehouse_assets.storage.s3_errors import finding_credentials

    told = dict(state[1])
    found = Session()
    with finding_credentials():
        region = told.get(REGION_ENV) or found.get_config_variable("region")
        if not region:
            raise RegionUnknown
        attempts = found.get_config_variable("max_attempts") or ATTEMPTS
        made = boto3.Session(botocore_session=found, region_name=region)
        return _Known(made, region, _endpoint(found), attempts)


@lru_cache(maxsize=16)
def _client(state: tuple[Any, ...], service: str, read_seconds: int, tries: int | None) -> Any:  # noqa: ANN401 - as `client_of`
    from lakehouse_assets.storage.s3_errors import finding_credentials

    del state
    with finding_credentials():
        make: Any = session().client  # typed for each service by its literal name
        return make(service, config=client_config(read_seconds, tries))


def _endpoint(found: Session) -> str | None:
    """Return the endpoint that variables or the profile name for S3, as botocore's own clients find it."""
    from botocore.configprovider import ConfiguredEndpointProvider

    if found.get_config_variable("ignore_configured_endpoint_urls"):
        return None
    provider = ConfiguredEndpointProvider(found.full_config, found.get_scoped_config(), "s3")
    named: str | None = provider.provide()
    return named

"""Open the Affise client from settings and secrets, as the only place where these meet."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from lakehouse_assets.affise.account import Account, learn_date_to
from lakehouse_assets.affise.bronze import Bronze
from lakehouse_assets.affise.endpoints import Endpoint, click_source
from lakehouse_assets.affise.limits import Budget, TokenBucket
from lakehouse_assets.affise.pull import Puller
from lakehouse_assets.affise.redaction import Redactor
from lakehouse_assets.affise.secrets import LocalSecrets, Secrets, api_key, hash_key
from lakehouse_assets.affise.session import Api
from lakehouse_assets.affise.slices import DateTo
from lakehouse_assets.affise.wire import Patience
from lakehouse_assets.core.manifest import utc_moment
from lakehouse_assets.errors import SettingsInvalid
from lakehouse_assets.progress import Progress
from lakehouse_assets.settings import Affise, process_environment, read_settings
from lakehouse_assets.storage.objects import ObjectStore
from lakehouse_assets.storage.opening import open_store


def puller_of(event: Mapping[str, Any]) -> Puller:
    """Return what pulls for the run of a Lambda event, with the settings and secrets of this process.

    Args:
        event: holds `run_id`, `lake` (URI), `as_of`, `source_timezone`, and `date_to` once it is known.

    Raises:
        LakehouseError: as `open_puller`.
    """
    return open_puller(
        read_settings().affise,
        local_secrets(),
        open_store(event["lake"], create=False),
        run_id=event["run_id"],
        zone=event["source_timezone"],
        as_of=utc_moment(event["as_of"]),
        date_to=event.get("date_to"),
    )


def is_pulled(event: Mapping[str, Any]) -> bool:
    """Say whether the run of an event pulls: one that replays rejects works on what bronze has."""
    return event.get("mode", "load") == "load"


def click_endpoint() -> Endpoint:
    """Return where clicks are pulled, as the settings say."""
    return click_source(read_settings().affise.clicks)


def local_secrets() -> Secrets:
    """Return the secrets of this machine: the environment, then `.env` in the present folder."""
    return LocalSecrets(process_environment())


def open_api(settings: Affise, secrets: Secrets) -> Api:
    """Return the client of the account that the settings name.

    Raises:
        SettingsInvalid: they name none.
        SecretMissing, SecretUnfit: there is no key that can be used.
    """
    if settings.url is None:
        raise SettingsInvalid(problems="LAKEHOUSE_AFFISE__URL is not set; it is https://<host of the account's API>")
    patience = Patience(settings.connect_seconds, settings.read_seconds, tries=settings.tries)
    bucket, budget = TokenBucket(settings.rate), Budget(settings.requests, settings.retries)
    return Api(settings.url, secrets, settings.key_name, patience=patience, bucket=bucket, budget=budget)


def open_puller(  # noqa: PLR0913 - one parameter per thing that a run knows
    settings: Affise,
    secrets: Secrets,
    store: ObjectStore,
    *,
    run_id: str,
    zone: str,
    as_of: datetime,
    date_to: DateTo | None = None,
    progress: Progress | None = None,
) -> Puller:
    """Return what pulls slices for one run; the account is asked what its documents leave open.

    Args:
        settings: of the client.
        secrets: where the keys are.
        store: the lake's.
        run_id: of the run.
        zone: the account's.
        as_of: the run's clock, with a zone.
        date_to: what an earlier call of the run has learnt of it; None to ask.
        progress: is told.

    Raises:
        SettingsInvalid, SecretMissing, SecretUnfit: as `open_api`.
        LakehouseError: as `Api.get`.
    """
    api, key = open_api(settings, secrets), api_key(secrets, settings.key_name)
    redactor = Redactor(hash_key(secrets, settings.hash_key_name), known=(key,))
    # Where no conversion of the last weeks can tell, there is none that could be missed either.
    learnt = date_to or learn_date_to(api, as_of.astimezone(UTC).date()) or "inclusive"
    account = Account(zone, learnt, settings.click_days)
    bronze = Bronze(store, api.tenant, run_id, as_of, zone)
    return Puller(api, bronze, redactor, account, progress or Progress(), large=settings.large)

"""Open the Affise client from settings and secrets, as the only place where these meet."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from lakehouse_assets.affise.account import Account, learn_date_to
from lakehouse_assets.affise.bronze import Bronze
from lakehouse_assets.affise.calls import left_of
from lakehouse_assets.affise.endpoints import Endpoint, click_source
from lakehouse_assets.affise.gone import Comparison
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

BUDGET = "budget of the Affise API"


def puller_of(event: Mapping[str, Any], context: object = None) -> Puller:
    """Return what pulls for the run of a Lambda event, with the settings and secrets of this process.

    Args:
        event: holds `run_id`, `lake` (URI), `as_of`, `source_timezone`, `date_to` and `present` once they are known,
            and `at_once`, how many such calls go on at the same time, where there are several.
        context: as Lambda's; its `progress`, where it has one, is told, and in what is `shared` by the calls of a run
            they have one budget. Where nothing is shared, as on Lambda, a call has what those that have ended left.

    Raises:
        LakehouseError: as `open_puller`.
    """
    settings, store = read_settings().affise, open_store(event["lake"], create=False)
    whole, between = Budget(settings.requests, settings.retries), getattr(context, "shared", None)
    left = left_of(whole, store, event["run_id"]) if between is None else between.setdefault(BUDGET, whole)
    return open_puller(
        shared(settings, event.get("at_once") or 1),
        present_secrets(),
        store,
        run_id=event["run_id"],
        zone=event["source_timezone"],
        as_of=utc_moment(event["as_of"]),
        date_to=event.get("date_to"),
        present=utc_moment(event["present"]) if event.get("present") else None,
        progress=getattr(context, "progress", None),
        budget=left.part(),
    )


def shared(settings: Affise, calls: int) -> Affise:
    """Return the settings of one of so many calls that go on at the same time, so that all together keep the rate."""
    return settings.model_copy(update={"rate": settings.rate / calls})


def comparison_of(puller: Puller) -> Comparison:
    """Return how the lists of a run are compared with those before, as the settings say."""
    settings = read_settings().affise
    return Comparison(puller.bronze, settings.key_name, settings.most_gone)


INTRADAY, AGAIN = "intraday", "again"
"""Name the pulls of the hours since the last tick, and of clicks that are counted already (`core.request.Pull`)."""


def is_pulled(event: Mapping[str, Any]) -> bool:
    """Say whether the run of an event pulls: one that replays rejects works on what bronze has."""
    return bool(event.get("mode", "load") == "load")


def click_endpoint() -> Endpoint:
    """Return where clicks are pulled, as the settings say."""
    return click_source(read_settings().affise.clicks)


def present_secrets() -> Secrets:
    """Return where the secrets are: in Secrets Manager on AWS, else in the environment, then `.env` in this folder."""
    settings = read_settings()
    if settings.target == "aws":
        # What talks to AWS is imported where AWS is the target.
        from lakehouse_assets.affise.secrets_manager import ManagedSecrets

        return ManagedSecrets(settings.aws.secret, settings.aws.secret_prefix)
    return LocalSecrets(process_environment())


def open_api(settings: Affise, secrets: Secrets, budget: Budget | None = None) -> Api:
    """Return the client of the account that the settings name.

    Args:
        settings: of the client.
        secrets: where the keys are.
        budget: what is left of the run's; a whole one when None.

    Raises:
        SettingsInvalid: they name none.
        SecretMissing, SecretUnfit: there is no key that can be used.
    """
    if settings.url is None:
        raise SettingsInvalid(problems="LAKEHOUSE_AFFISE__URL is not set; it is https://<host of the account's API>")
    patience = Patience(settings.connect_seconds, settings.read_seconds, tries=settings.tries)
    # A run asks in many calls, one after the other, and each has a bucket: were they full at first, nobody would wait.
    bucket = TokenBucket(settings.rate, burst=1.0, first=0.0)
    left = budget or Budget(settings.requests, settings.retries)
    return Api(settings.url, secrets, settings.key_name, patience=patience, bucket=bucket, budget=left)


def open_puller(  # noqa: PLR0913 - one parameter per thing that a run knows
    settings: Affise,
    secrets: Secrets,
    store: ObjectStore,
    *,
    run_id: str,
    zone: str,
    as_of: datetime,
    date_to: DateTo | None = None,
    present: datetime | None = None,
    progress: Progress | None = None,
    budget: Budget | None = None,
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
        present: the account's clock where it is of a later day than the run's; None where it is not known.
        progress: is told.
        budget: as of `open_api`.

    Raises:
        SettingsInvalid, SecretMissing, SecretUnfit: as `open_api`.
        LakehouseError: as `Api.get`.
    """
    api, key = open_api(settings, secrets, budget), api_key(secrets, settings.key_name)
    redactor = Redactor(hash_key(secrets, settings.hash_key_name), known=(key,))
    # Where no conversion of the last weeks can tell, there is none that could be missed either.
    learnt = date_to or learn_date_to(api, as_of.astimezone(UTC).date()) or "inclusive"
    account = Account(zone, learnt, settings.click_days, present, tells_clicks=settings.clicks == "clicks")
    bronze = Bronze(store, api.tenant, run_id, as_of, zone)
    return Puller(api, bronze, redactor, account, progress or Progress(), large=settings.large)

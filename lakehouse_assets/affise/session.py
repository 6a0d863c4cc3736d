"""Ask the Affise API: tries, rotation of the key, a rate and a budget.

Here: one GET until it has a good answer or a typed error. Not here: bytes (`wire.py`), what an answer means
(`envelope.py`), and pages (`paging.py`).
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import tenacity

from lakehouse_assets.affise.endpoints import Endpoint, Params
from lakehouse_assets.affise.envelope import judged
from lakehouse_assets.affise.errors import AnswerInvalid, ApiRefused, KeyRefused
from lakehouse_assets.affise.limits import Budget, TokenBucket, nap
from lakehouse_assets.affise.redaction import masked
from lakehouse_assets.affise.secrets import Secrets, api_key
from lakehouse_assets.affise.wire import MOST_BYTES, Answer, Patience, TooLarge, WireFailed, open_session, send
from lakehouse_assets.core.shown import visible
from lakehouse_assets.errors import ApiUnavailable, BadRequest
from lakehouse_assets.urls import api_url, is_loopback

MOST_SHOWN = 200
"""How many characters of what an answer says get into an error."""


class _Again(Exception):  # noqa: N818 - it says what follows
    """Say why a request is tried again, and how long the server asks to wait before that."""

    def __init__(self, problem: str, after: float | None = None) -> None:
        super().__init__(problem)
        self.after = after


class Api:
    """Ask one account's API.

    Args:
        url: base URL, see `urls.api_url`.
        secrets: where the key is read, and read again when it is refused.
        key_name: name of the secret.
        patience: time-outs and tries.
        bucket: the rate.
        budget: what the run may ask.
        sleep: waits between two tries.

    Raises:
        BadRequest: a key may not be sent to the URL.
        SecretMissing: there is no key.
    """

    def __init__(  # noqa: PLR0913 - one parameter per thing that tests and settings change
        self,
        url: str,
        secrets: Secrets,
        key_name: str,
        *,
        patience: Patience | None = None,
        bucket: TokenBucket | None = None,
        budget: Budget | None = None,
        sleep: Callable[[float], None] = nap,
    ) -> None:
        try:
            self.url = api_url(url)
        except ValueError as error:
            raise BadRequest(message=f"the base URL of Affise cannot be used: {error}") from None
        self.tenant = self.url.partition("://")[2]
        self.budget = budget or Budget(requests=100_000, retries=200)
        self._secrets, self.key_name = secrets, key_name
        self._patience, self._sleep = patience or Patience(), sleep
        self._bucket = bucket or TokenBucket(rate=5.0)
        self._key = api_key(secrets, key_name)
        self.is_local = is_loopback(urlsplit(self.url).hostname or "")
        self._session = open_session(is_local=self.is_local)

    def __repr__(self) -> str:
        """Name the account, and nothing that is secret."""
        return f"Api({self.url!r})"

    def close(self) -> None:
        """Close all connections."""
        self._session.close()

    def get(self, endpoint: Endpoint, params: Params = ()) -> Answer:
        """Return the good answer to one request, tried as often as that may help.

        No try begins later than `Patience.retry_seconds` after the first one did: an API that is away for longer is a
        case for the next run.

        Raises:
            ApiRefused: the request will never be answered.
            KeyRefused: the key is not accepted, also after it was read again.
            AnswerInvalid: the answer is too large.
            ApiUnavailable: no try had an answer that can be used.
            BudgetSpent: the run may ask no more.
        """
        latest = time.monotonic() + self._patience.retry_seconds
        trying = tenacity.Retrying(
            stop=self._is_enough,
            wait=self._pause,
            retry=tenacity.retry_if_exception_type(_Again),
            sleep=self._sleep,
        )
        try:
            return trying(self._with_the_newest_key, endpoint, params, latest)
        except tenacity.RetryError as error:
            last = error.last_attempt
            problem = self.shown(str(last.exception()))
            facts = {"api": self.tenant, "path": endpoint.path, "tries": last.attempt_number}
        raise ApiUnavailable(problem=problem, **facts)

    def shown(self, text: str) -> str:
        """Return what an answer says as people may see it: short, without a key, an address or an IP."""
        clean = masked(text.replace(self._key, "[redacted]"))
        return visible(clean if len(clean) <= MOST_SHOWN else f"{clean[:MOST_SHOWN]}...")

    def _with_the_newest_key(self, endpoint: Endpoint, params: Params, latest: float) -> Answer:
        """Ask once, and once more when the key is refused and another one is in the secret by now."""
        verdict, problem, answer = self._judged(endpoint, params)
        if verdict == "key":
            newest = api_key(self._secrets, self.key_name)
            if newest != self._key:
                self._key = newest
                if time.monotonic() >= latest:
                    raise _Again(problem)
                verdict, problem, answer = self._judged(endpoint, params)
        if verdict == "key":
            raise KeyRefused(api=self.tenant, name=self.key_name, problem=self.shown(problem))
        if verdict == "refused":
            facts = {"path": endpoint.path, "status": answer.status, "problem": self.shown(problem)}
            raise ApiRefused(api=self.tenant, **facts)
        if verdict == "again":
            raise _Again(problem, _seconds_after(answer.headers.get("retry-after")))
        return answer

    def _judged(self, endpoint: Endpoint, params: Params) -> tuple[str, str, Answer]:
        self.budget.spend(self.tenant)
        self._bucket.take()
        url, asked = f"{self.url}{endpoint.path}", (*endpoint.params, *params)
        try:
            answer = send(self._session, url, asked, self._key, self._patience)
        except WireFailed as error:
            raise _Again(str(error)) from None
        except TooLarge:
            problem = f"it has more than {MOST_BYTES >> 20} MiB"
            raise AnswerInvalid(api=self.tenant, path=endpoint.path, problem=problem) from None
        return (*judged(endpoint, answer.status, answer.data), answer)

    def _pause(self, state: tenacity.RetryCallState) -> float:
        """Return how long to wait: a random time below a bound that doubles, or what the server asks and a little."""
        bound = min(self._patience.longest_wait, self._patience.first_wait * 2 ** (state.attempt_number - 1))
        jitter = random.uniform(0, bound)  # noqa: S311 - spreads tries, keeps no secret
        after = _asked_wait(state)
        return jitter if after is None else after + min(jitter, 1.0)

    def _is_enough(self, state: tenacity.RetryCallState) -> bool:
        """Say whether to give up: after so many tries, when another would begin late, or the run has tried a lot."""
        begins_after = (state.seconds_since_start or 0.0) + state.upcoming_sleep
        is_last = state.attempt_number >= self._patience.tries or begins_after >= self._patience.retry_seconds
        return is_last or not self.budget.may_retry()


def _asked_wait(state: tenacity.RetryCallState) -> float | None:
    error = state.outcome.exception() if state.outcome else None
    return error.after if isinstance(error, _Again) else None


def _seconds_after(value: str | None) -> float | None:
    """Return the seconds that a `Retry-After` asks to wait, which it says as seconds or as a date (RFC 9110, 10.2.3).

    >>> _seconds_after("7"), _seconds_after(None), _seconds_after("soon")
    (7.0, None, None)
    """
    if value is None:
        return None
    if value.strip().isdigit():
        return float(value)
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None

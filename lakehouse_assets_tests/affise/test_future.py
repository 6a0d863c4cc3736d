"""The account's clock: a run's may not be ahead of it, and what is known of today only is not dated back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from lakehouse_assets.affise.account import clock_of, present
from lakehouse_assets.affise.wire import Answer
from lakehouse_assets.errors import BadRequest
from lambdas.planaffisepull.logic import require_past

NOW = datetime(2026, 3, 16, 6, tzinfo=UTC)
TOLD = {"date": "Thu, 12 Mar 2026 06:30:00 GMT"}


def test_a_clock_ahead_of_the_accounts_is_refused() -> None:
    """What changes between now and then would never be asked for; clocks may differ by minutes."""
    words = "^2026-03-16 07:00 UTC is in the future: it is 2026-03-16 06:00 UTC at api.example.com; changes between"
    with pytest.raises(BadRequest, match=words):
        require_past(NOW + timedelta(hours=1), NOW, "api.example.com")
    for when in (NOW + timedelta(minutes=5), NOW, NOW - timedelta(days=30)):
        require_past(when, NOW, "api.example.com")


def test_only_a_simulated_account_has_a_clock_of_its_own() -> None:
    """It tells it in its answers; of a real one the moment counts at which the answer came."""
    answer = Answer(200, b"", {}, NOW, NOW, TOLD)
    assert clock_of(answer, is_local=True) == datetime(2026, 3, 12, 6, 30, tzinfo=UTC)
    assert clock_of(answer, is_local=False) == NOW


@pytest.mark.parametrize(
    ("as_of", "dated"),
    [
        (NOW, NOW),
        (NOW - timedelta(hours=5), NOW - timedelta(hours=5)),  # two o'clock of the same day in Berlin
        (NOW - timedelta(hours=8), NOW),  # eleven o'clock of the evening before
        (NOW + timedelta(minutes=5), NOW + timedelta(minutes=5)),
    ],
)
def test_what_is_known_of_today_only_is_of_the_runs_clock_if_that_is_today(as_of: datetime, dated: datetime) -> None:
    """Days are those of the account's zone; a run of an earlier day has the account's present."""
    assert present(as_of, NOW, "Europe/Berlin") == dated

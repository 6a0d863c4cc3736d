"""A run whose clock is ahead of the present: refused for a real account, whose watermark would be ahead of it too."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from lakehouse_assets.affise.secrets import LocalSecrets
from lakehouse_assets.affise.session import Api
from lakehouse_assets.errors import BadRequest
from lambdas.planaffisepull.logic import require_past

NOW = datetime(2026, 3, 16, 6, tzinfo=UTC)


def account(url: str) -> Api:
    """The client of an account; nobody is asked anything."""
    return Api(url, LocalSecrets({"KEY": "k" * 32}), "KEY")


def test_a_clock_ahead_of_the_present_is_refused_for_a_real_account() -> None:
    """What changes between now and then would never be asked for; clocks may differ by minutes."""
    words = (
        "^2026-03-16 07:00 UTC is in the future, and api.example.com is a real account: changes between now and then"
    )
    with pytest.raises(BadRequest, match=words):
        require_past(NOW + timedelta(hours=1), NOW, account("https://api.example.com"))
    for when in (NOW + timedelta(minutes=5), NOW, NOW - timedelta(days=30)):
        require_past(when, NOW, account("https://api.example.com"))


def test_a_simulated_account_has_a_clock_of_its_own() -> None:
    """It is on this machine."""
    require_past(NOW + timedelta(days=400), NOW, account("http://127.0.0.1:8080"))

"""`--affise-url` names the account for everything that this process runs, where a pipeline reads it."""

from __future__ import annotations

import pytest

from lakehouse_assets.errors import BadRequest, SettingsInvalid
from lakehouse_assets.operations.options import use_affise_url
from lakehouse_assets.settings import AFFISE_URL_ENV, read_settings

URL = "https://api-acme.affise.com"


@pytest.fixture(autouse=True)
def both(monkeypatch: pytest.MonkeyPatch) -> None:
    """An installation with both pipelines, and another account in the environment, which comes back afterwards."""
    monkeypatch.setenv("LAKEHOUSE_PIPELINES", "lakehouse_assets.ecommerce,lakehouse_assets.marketing")
    monkeypatch.setenv(AFFISE_URL_ENV, "https://api-other.affise.com")


def test_it_wins_over_the_environment() -> None:
    """Also for functions that read the settings themselves; without it nothing changes."""
    use_affise_url("marketing", None)
    assert read_settings().affise.url == "https://api-other.affise.com"
    use_affise_url("marketing", f"{URL}/")
    assert read_settings().affise.url == URL


def test_a_pipeline_that_does_not_read_it_refuses_it() -> None:
    """In one sentence, and the environment stays."""
    with pytest.raises(
        BadRequest, match=r"^--affise-url is for a pipeline that pulls from Affise, which `ecommerce` does"
    ):
        use_affise_url("ecommerce", URL)
    assert read_settings().affise.url == "https://api-other.affise.com"


def test_what_is_no_address_of_an_api_is_refused_by_the_name_of_the_option() -> None:
    """Not by that of a variable that nobody has set."""
    with pytest.raises(SettingsInvalid, match=r"--affise-url is `http://api-acme\.affise\.com`, allowed is https://"):
        use_affise_url("marketing", "http://api-acme.affise.com")


def test_a_wrong_variable_beside_it_keeps_its_own_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """The option says nothing about the rate."""
    monkeypatch.setenv("LAKEHOUSE_AFFISE__RATE", "fast")
    with pytest.raises(SettingsInvalid, match="LAKEHOUSE_AFFISE__RATE is `fast`"):
        use_affise_url("marketing", URL)

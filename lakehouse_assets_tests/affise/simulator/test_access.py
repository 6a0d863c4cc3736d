"""Who may ask what, how errors look, and what is remembered of requests."""

from __future__ import annotations

import pytest
import requests

from lakehouse_assets.affise.simulator.spec import KEY, RESTRICTED_KEY
from lakehouse_assets_tests.affise.simulator.api import CLICKS, CONVERSIONS, DAY, OFFERS, PARTNERS, Api, serving


def test_a_wrong_key_is_refused_as_a_missing_one_is(plain: Api) -> None:
    """Without a key that is known there is nothing but a sentence."""
    for headers in ({}, {"API-Key": "guess"}):
        response = requests.get(plain.simulator.url + OFFERS, headers=headers, timeout=30)
        assert (response.status_code, response.json()) == (401, {"status": 2, "error": "Token is necessary"})


@pytest.mark.parametrize("name", ["API-Key", "Api-Key", "api-key"])
def test_the_name_of_the_header_may_be_written_as_one_likes(plain: Api, name: str) -> None:
    """Names of headers have no case."""
    assert requests.get(plain.simulator.url + OFFERS, headers={name: plain.simulator.key}, timeout=30).ok


def test_a_key_in_an_address_works_and_is_remembered_as_such() -> None:
    """The API takes it; who looks for keys in addresses finds it in the log."""
    with serving() as api:
        requests.get(f"{api.simulator.url}{OFFERS}?API-Key={api.simulator.key}", timeout=30)
        api.get(OFFERS)
        assert [(seen.status, seen.key_in_url) for seen in api.simulator.requests()] == [(200, True), (200, False)]


def test_a_restricted_key_may_not_use_methods_of_admins(plain: Api) -> None:
    """Partners and clicks are for admins; offers and conversions are not."""
    paths = {PARTNERS: 403, CLICKS: 403, OFFERS: 200, CONVERSIONS: 200}
    headers = {"API-Key": RESTRICTED_KEY}
    found = {path: requests.get(plain.simulator.url + path, headers=headers, timeout=30).status_code for path in paths}
    assert found == paths


def test_a_key_can_be_chosen() -> None:
    """A tenant with a key of its own does not know the fixed one."""
    with serving(key="fake-other-key") as api:
        assert api.get(OFFERS).ok
        assert requests.get(api.simulator.url + OFFERS, headers={"API-Key": KEY}, timeout=30).status_code == 401


def test_an_unknown_address_is_not_found(plain: Api) -> None:
    """There is no method but those of the API; the probe of health needs no key."""
    assert plain.get("/3.0/nothing").json() == {"status": 2, "error": "Resource Not Found"}
    assert requests.options(f"{plain.simulator.url}/healthz", timeout=30).ok


@pytest.mark.parametrize(
    ("path", "params"),
    [
        (CLICKS, {"date_from": DAY}),
        (CLICKS, {"date_from": "14.03.2026", "date_to": DAY}),
        (CLICKS, {"date_from": "2026-02-30", "date_to": DAY}),
        (CLICKS, {"date_from": DAY, "date_to": "2026-03-15", "hour": 3}),
        (CLICKS, {"date_from": DAY, "date_to": DAY, "hour": 24}),
        (CONVERSIONS, {"timezone": "Mars/Base"}),
        (CONVERSIONS, {"offer": ["x"]}),
        (CONVERSIONS, {"status": ["great"]}),
        ("/3.0/stats/custom", {"filter[date_from]": DAY, "filter[date_to]": DAY}),
        ("/3.0/stats/conversionsbyid", {"id": "no id"}),
    ],
)
def test_a_parameter_that_cannot_be_read_is_refused(plain: Api, path: str, params: dict[str, object]) -> None:
    """Bad input is a 400 with a sentence."""
    response = plain.get(path, **params)
    assert response.status_code == 400
    assert response.json()["status"] == 2


def test_faults_are_aimed_at_an_endpoint_and_a_request() -> None:
    """`skip=1,times=2,endpoint=…` leaves other methods and the first request alone, then breaks two."""
    with serving("server-error:skip=1,times=2,endpoint=stats/conversions") as api:
        found = [api.get(path).status_code for path in (CONVERSIONS, OFFERS, CONVERSIONS, CONVERSIONS, CONVERSIONS)]
    assert found == [200, 200, 500, 502, 200]

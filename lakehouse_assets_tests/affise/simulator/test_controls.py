"""What tests and demos move, and that only this machine may."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from lakehouse_assets.affise.simulator.server import application
from lakehouse_assets.affise.simulator.spec import SimulatorSpec
from lakehouse_assets.affise.simulator.tenant import Tenant
from lakehouse_assets_tests.affise.simulator.api import ADVERTISERS, CONVERSIONS, OFFERS, PARTNERS, serving


def test_the_clock_is_read_and_moved() -> None:
    """It goes to an instant or by a while, for the API and in the process alike, and never back."""
    with serving() as api:
        assert api.control("GET", "/clock") == {"now": "2026-03-16T06:30:00+00:00"}
        assert api.control("POST", "/clock", {"hours": 5, "minutes": 15}) == {"now": "2026-03-16T11:45:00+00:00"}
        api.control("POST", "/clock", {"now": "2026-03-17T09:00:00+03:00"})
        assert api.clock.now == datetime(2026, 3, 17, 6, tzinfo=UTC)
        assert "does not go back" in api.control("POST", "/clock", {"hours": -1})["error"]
        assert "zone" in api.control("POST", "/clock", {"now": "2026-03-18T09:00:00"})["error"]


def test_switches_are_turned_on_and_off() -> None:
    """A switch of requests works from the next one on; how often each fired is told."""
    with serving() as api:
        api.control("POST", "/faults", {"on": ["server-error:times=0"]})
        assert [api.get(OFFERS).status_code for _ in range(2)] == [500, 502]
        told = api.control("POST", "/faults", {"off": ["server-error"]})
        assert api.get(OFFERS).ok
    assert next(one for one in told if one["name"] == "server-error")["fired"] == 2
    assert not any(one["on"] for one in told)


def test_what_is_part_of_the_world_is_chosen_at_the_start() -> None:
    """A case of the truth cannot be turned on, nor off, while the tenant runs."""
    with serving("offer-deleted") as api:
        assert "name it at the start" in api.control("POST", "/faults", {"on": ["empty-window"]})["error"]
        assert "cannot be turned off" in api.control("POST", "/faults", {"off": ["offer-deleted"]})["error"]
        assert "no fault `nothing`" in api.control("POST", "/faults", {"on": ["nothing"]})["error"]


def test_a_switch_that_is_turned_on_again_counts_anew() -> None:
    """Its first request is the next one."""
    with serving("server-error") as api:
        assert api.get(OFFERS).status_code == 500
        api.control("POST", "/faults", {"on": ["server-error:skip=1"]})
        assert [api.get(OFFERS).status_code for _ in range(3)] == [200, 502, 200]


def test_a_dimension_is_changed_from_now_on() -> None:
    """A renamed advertiser has its new name in the list and in conversions; an unknown one is refused."""
    with serving() as api:
        advertiser = api.rows(ADVERTISERS)[0]["id"]
        asked = {"kind": "advertisers", "key": advertiser, "fields": {"title": "Renamed Example"}}
        api.control("POST", "/change", asked)
        assert api.rows(ADVERTISERS)[0]["title"] == "Renamed Example"
        titles = {row["advertiser"]["title"] for row in api.rows(CONVERSIONS) if row["supplier_id"] == advertiser}
        assert titles == {"Renamed Example"}
        assert "error" in api.control("POST", "/change", {**asked, "key": "nobody"})
        assert "error" in api.control("POST", "/change", {**asked, "kind": "spec"})
        assert "error" in api.control("POST", "/change", {**asked, "fields": {"colour": "red"}})


def test_an_offer_can_be_deleted() -> None:
    """It leaves the list of every status."""
    with serving() as api:
        api.control("POST", "/change", {"kind": "offers", "key": 940, "fields": {"is_deleted": True}})
        assert 940 not in {offer["id"] for offer in api.offers()}
        assert len(api.offers()) == 23


def test_requests_are_remembered_until_they_are_forgotten() -> None:
    """The log holds what the API was asked, in order, and nothing about controls."""
    with serving() as api:
        api.get(OFFERS, page=1)
        api.get(PARTNERS)
        asked = api.control("GET", "/log")
        assert [(one["method"], one["path"], one["query"], one["status"]) for one in asked] == [
            ("GET", OFFERS, "page=1", 200),
            ("GET", PARTNERS, "", 200),
        ]
        assert api.control("DELETE", "/log") == {"cleared": 2}
        assert api.simulator.requests() == []


def test_secrets_and_personal_data_hold_a_canary() -> None:
    """A search for the listed words finds every secret and every personal datum of every record."""
    with serving("ipv6", "awkward-subs") as api:
        canaries = api.control("GET", "/canaries")
        people, others = api.rows(PARTNERS), api.rows(ADVERTISERS)
        secrets = [row[name] for row in people for name in ("api_key", "email", "phone", "contactPerson", "address_1")]
        secrets += [row["manager"][name] for row in people for name in ("api_key", "email", "skype", "telegram")]
        secrets += [row[name] for row in others for name in ("hash_password", "email", "skype", "contact")]
        secrets += [offer["hash_password"] for offer in api.offers()]
        secrets += [row["ip"] for row in api.rows(CONVERSIONS)]
        secrets += [field for row in people for one in row["payment_systems"] for field in one["fields"].values()]
    assert all(any(canary in secret for canary in canaries) for secret in secrets)


@pytest.mark.parametrize(("host", "status"), [("192.0.2.1", 403), ("127.0.0.1", 200), ("::1", 200)])
def test_only_this_machine_may_control(host: str, status: int) -> None:
    """A client at another address is refused."""
    sent: list[dict[str, object]] = []

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b""}

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    scope = {
        "type": "http", "method": "GET", "path": "/simulator/clock", "query_string": b"", "headers": [],
        "client": (host, 1), "root_path": "",
    }  # fmt: skip
    asyncio.run(application(Tenant(SimulatorSpec()))(scope, receive, send))  # type: ignore[arg-type]
    assert sent[0]["status"] == status

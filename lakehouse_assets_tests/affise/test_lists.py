"""Lists, the watermark, the probe and settings."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest

from lakehouse_assets.affise.bronze import manifests, records_of
from lakehouse_assets.affise.dimensions import pull_list
from lakehouse_assets.affise.endpoints import OFFERS
from lakehouse_assets.affise.errors import KeyRefused
from lakehouse_assets.affise.gone import Comparison
from lakehouse_assets.affise.probe import Finding, probe
from lakehouse_assets.affise.watermark import Watermark, advance, changes_since, is_sweep_due, moved, read
from lakehouse_assets.errors import SettingsInvalid
from lakehouse_assets.operations import cli
from lakehouse_assets.progress import Progress
from lakehouse_assets.settings import read_settings
from lakehouse_assets.storage.opening import open_store
from lakehouse_assets_tests.affise.tenant import TODAY, ZONE, Case, documents, tenant
from lakehouse_assets_tests.affise.wire import SECRETS, Keys, client

NINE = datetime(2026, 11, 26, 9, tzinfo=UTC)


def answers(case: Case) -> dict[str, Finding]:
    """Return what the probe finds, by question."""
    api = client(case.simulator.url, keys=Keys(SECRETS | {"AFFISE_API_KEY": case.simulator.key}), read_seconds=5)
    return {found.question: found for found in probe(api, ZONE, case.now, Progress())}


def test_lists_are_whole_and_counted(tmp_path: Path) -> None:
    """Offers of all statuses, partners, advertisers, and a rate for each currency."""
    with tenant(tmp_path) as case:
        done = case.lists()
        world, now = case.simulator.world, case.now
        offers = [record for page in records_of(case.store, done[0].pages) for record in page]
        assert {offer["id"]: offer["status"] for offer in offers} == {o.offer_id: o.status for o in world.offers(now)}
        truth = (world.offers(now), world.affiliates(now), world.advertisers(now), world.rates(now))
    assert [one.records for one in done] == [len(one) for one in truth]
    assert all(one.is_counted for one in done)


def test_a_list_goes_on_in_the_next_call(tmp_path: Path) -> None:
    """A call without time takes one page of two; the next call of the run takes the other, and a third one none."""
    with tenant(tmp_path, offers=700) as case:
        puller = case.puller()
        calls = [pull_list(puller, OFFERS, case.now, Comparison(puller.bronze, "KEY"), seconds=0) for _ in range(3)]
        assert [one and one.records for one in calls] == [None, 700, 700]
        assert len(case.asked("/3.0/offers")) == 2
        assert len(manifests(case.store, "offers", TODAY)) == 1


def test_no_secret_and_no_address_is_in_bronze(tmp_path: Path) -> None:
    """Canaries that the tenant plants in every field that may hold one, keys of our own, and IPs of visitors."""
    faults = ("ipv6", "awkward-subs", "awkward-text", "custom-fields-forms", "unknown-keys")
    with tenant(tmp_path, *faults) as case:
        puller = case.puller()
        case.lists()
        from lakehouse_assets.affise.endpoints import CLICKS, CONVERSIONS

        for endpoint in (CLICKS, CONVERSIONS):
            for days in (0, 1):
                puller.day(endpoint, TODAY - timedelta(days=days), case.now)
        start = case.now - timedelta(days=1)
        visitors = {click.visitor.ip for click in case.simulator.world.clicks(start, case.now)}
        canaries = {*case.simulator.world.canaries(), case.simulator.key, *SECRETS.values(), *visitors}
    kept = "\n".join(orjson.dumps(page).decode() for page in documents(tmp_path))
    assert len(canaries) > 100
    assert [canary for canary in canaries if canary in kept] == []
    assert "@example" not in kept


def test_the_watermark_moves_with_a_commit_and_never_back(tmp_path: Path) -> None:
    """A run that began earlier and ends later does not take it back; a sweep is remembered by itself."""
    store = open_store(str(tmp_path))
    assert read(store) is None
    advance(store, NINE, is_sweep=True)
    advance(store, NINE + timedelta(hours=5))
    advance(store, NINE + timedelta(hours=1))
    assert read(store) == Watermark(changes=NINE + timedelta(hours=5), sweep=NINE)


def test_changes_are_asked_from_a_day_before_the_watermark() -> None:
    """Without one, or with one that is too old to matter, all that may still change."""
    tick = NINE + timedelta(hours=5)
    assert changes_since(Watermark(NINE), tick) == NINE - timedelta(days=1)
    assert changes_since(None, tick) == tick - timedelta(days=62)
    assert changes_since(Watermark(NINE - timedelta(days=400)), tick) == tick - timedelta(days=62)


def test_everything_is_swept_once_a_week() -> None:
    """From the beginning of the sweep before; the first run makes none, and the second one does."""
    mark = moved(None, NINE, is_sweep=True)
    assert not is_sweep_due(None, NINE)
    assert is_sweep_due(Watermark(NINE), NINE)
    assert not is_sweep_due(mark, NINE + timedelta(days=6, hours=23))
    assert is_sweep_due(mark, NINE + timedelta(days=7))


def test_the_probe_answers_what_documents_leave_open(tmp_path: Path) -> None:
    """For a tenant as they usually are."""
    with tenant(tmp_path) as case:
        found = answers(case)
        assert {one.verdict for one in found.values()} == {"ok"}
        assert {one.method for one in case.simulator.requests()} == {"GET"}
    assert {name: one.answer for name, one in found.items() if "may the key" not in name} == {
        "do times follow `timezone=UTC`": "no: they are times of Europe/Moscow, and are read so",
        "does `date_to` belong to the span": "yes",
        "how many records has a page with limit=1000": "per_page is 500",
        "what is a page past the end": "0 records",
        "for how many days are clicks answered": "7 before today",
        "do conversions say when they changed": "yes, in updated_at",
        "what does `raw_export=1` leave out": "advertiser, offer, partner",
        "what is a date that is none": f"{case.simulator.url[7:]} refused `/3.0/stats/conversions` with status 400: "
        "date_to is required as YYYY-MM-DD",
        "how are partners called": "of 30, 30 have a login and 30 a name",
        "is the rate limited": "no header says so",
    }


@pytest.mark.parametrize(
    ("fault", "question", "answer"),
    [
        ("created-at-follows-timezone", "do times follow `timezone=UTC`", "yes"),
        ("date-to-exclusive", "does `date_to` belong to the span", "no, which is allowed for"),
        ("limit-honoured", "how many records has a page with limit=1000", "per_page is 1000"),
        ("limit-refused", "how many records has a page with limit=1000", "it is refused: limit must be 500 or less"),
        ("page-beyond-end-404", "what is a page past the end", "it is refused: Resource Not Found"),
        ("clicks-gone", "for how many days are clicks answered", "gone; set LAKEHOUSE_AFFISE__CLICKS=custom"),
        ("restricted-key-403", "may the key read /3.0/admin/partners", "no: "),
        ("updated-at-missing", "do conversions say when they changed", "no"),
    ],
)
def test_the_probe_knows_other_tenants(fault: str, question: str, answer: str, tmp_path: Path) -> None:
    """Each open question answered the less usual way."""
    with tenant(tmp_path, fault) as case:
        assert answers(case)[question].answer.startswith(answer)


def test_the_command_says_it_to_people_and_to_programs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A table, or JSON; as of now there is nothing, since the tenant's clock stands still, as of then there is."""
    with tenant(tmp_path) as case:
        monkeypatch.setenv("AFFISE_API_KEY", case.simulator.key)
        monkeypatch.setenv("LAKEHOUSE_AFFISE__RATE", "1000")
        arguments = ["affise", "probe", "--affise-url", case.simulator.url, "--zone", ZONE]
        assert cli.main(arguments) == 0
        assert "no conversion tells" in capsys.readouterr().out
        assert cli.main([*arguments, "--as-of", case.now.isoformat()]) == 0
        assert "they are times of Europe/Moscow" in capsys.readouterr().out
        assert cli.main([*arguments, "--json"]) == 0
        assert orjson.loads(capsys.readouterr().out)[0] == {
            "question": "may the key read /3.0/offers", "answer": "yes: 24 records", "verdict": "ok",
        }  # fmt: skip
        monkeypatch.setenv("AFFISE_API_KEY", "wrong-key-canary")
        assert cli.main(arguments) == 1
        assert "wrong-key-canary" not in capsys.readouterr().err


def test_a_key_that_is_refused_ends_the_probe(tmp_path: Path) -> None:
    """There is nothing more to ask."""
    with tenant(tmp_path) as case, pytest.raises(KeyRefused):
        list(probe(client(case.simulator.url), ZONE, case.now, Progress()))


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("URL", "http://api.acme.affise.com", "http://api.acme.affise.com"),
        ("URL", "https://user:s3cr3t@acme.com", "..."),
        ("URL", "https://acme.com?api-key=s3cr3t", "https://acme.com"),
        ("KEY_NAME", "s3cr3t", "..."),
        ("RATE", "0", "0"),
        ("CLICKS", "guess", "guess"),
    ],
)
def test_settings_are_refused_without_showing_a_secret(
    name: str, value: str, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who mistakes a name for the thing itself does not find that in a log."""
    monkeypatch.setenv(f"LAKEHOUSE_AFFISE__{name}", value)
    with pytest.raises(SettingsInvalid) as error:
        read_settings()
    assert f"LAKEHOUSE_AFFISE__{name} is `{shown}`, allowed is " in str(error.value)
    assert "s3cr3t" not in str(error.value)

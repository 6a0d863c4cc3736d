"""Redaction: what must not be kept is gone at any depth, equal stays equal, and everything else is as it was."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections import deque
from collections.abc import Iterator
from ipaddress import ip_address
from itertools import chain
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakehouse_assets.affise.envelope import parsed
from lakehouse_assets.affise.member_names import kind_of
from lakehouse_assets.affise.records import known, offers, people, totals
from lakehouse_assets.affise.records.clicks import click
from lakehouse_assets.affise.records.conversions import conversion, conversion_state
from lakehouse_assets.affise.redaction import Redactor, masked
from lakehouse_assets_tests.affise.simulator.api import ADVERTISERS, CLICKS, CONVERSIONS, DAY, PARTNERS, Row, serving

KEY = b"0123456789abcdef"
REDACTOR = Redactor(KEY, known=("our-own-api-key",))
CANARIES = ("s3cr3t-canary", "canary@example.com", "203.0.113.77", "2001:db8::dead:beef")


def token(kind: str, text: str) -> str:
    """Return the token as its description says: kind, and 24 digits of HMAC-SHA256 of kind and text."""
    return f"{kind}:{hmac.new(KEY, f'{kind}:{text}'.encode(), hashlib.sha256).hexdigest()[:24]}"


@pytest.mark.parametrize(
    "name",
    ["api_key", "API-Key", "apiKey", "hash_password", "password", "phone", "mobile_phone", "address_1", "address_2",
     "zip_code", "skype", "telegram", "viber", "wechat", "whatsapp", "contact", "contactPerson", "contact_person",
     "contacts", "vat_code", "mobile", "contact_phone", "work_phone", "workPhone2", "billing_address", "BillingAddress",
     "api_secret", "apiKeys", "APIKeys", "x_api_key", "secure_key", "postback_token", "api_key_hash", "hash", "hashes",
     "user-password-md5", "telegram_id", "managerSkype", "mobile_number", "key", "address.line.1", "ip_hash"],
)  # fmt: skip
def test_secrets_and_contacts_go_by_name(name: str) -> None:
    """Whatever their value is; null and empty text hold nothing, and stay."""
    for value in ("s3cr3t", 7, ["a"], {"b": "c"}):
        assert REDACTOR.redacted({name: value}) == {name: "[redacted]"}
    assert REDACTOR.redacted({name: None, "x": {name: ""}}) == {name: None, "x": {name: ""}}


@pytest.mark.parametrize(
    "name",
    ["cap_key", "keywords", "key_words", "keyboard", "key_account_manager", "landing_id", "os", "hashtags", "iPhone",
     "device_model", "smartphone", "mobile_app", "creatives_zip", "click_session", "contract", "secretary"],
)  # fmt: skip
def test_a_name_that_only_looks_like_one_of_these_keeps_its_value(name: str) -> None:
    """A word counts as a whole, and `key` before another word says which one, not that it opens something."""
    assert REDACTOR.redacted({name: "s3cr3t"}) == {name: "s3cr3t"}


def test_true_and_false_tell_nobody_anything() -> None:
    """What an offer hides or an account has is no secret, whatever it is about."""
    record = {"hide_phone": True, "has_contact": False, "reject_not_uniq_ip": True}
    assert REDACTOR.redacted(record) == record


def test_bank_accounts_and_answers_to_questions_go_too() -> None:
    """`fields` and `value` are harmless names elsewhere."""
    record = {
        "payment_systems": [{"id": 1, "system": "Wire", "fields": {"iban": "DE02"}}],
        "customFields": [{"id": 3, "name": "Skype", "value": ["ann.live"], "label": {"1": "ann.live"}}],
        "caps": [{"value": 5}],
        "fields": ["a"],
    }
    assert REDACTOR.redacted(record) == {
        "payment_systems": [{"id": 1, "system": "Wire", "fields": "[redacted]"}],
        "customFields": [{"id": 3, "name": "Skype", "value": "[redacted]", "label": "[redacted]"}],
        "caps": [{"value": 5}],
        "fields": ["a"],
    }


def test_equal_addresses_have_equal_hashes_wherever_they_are() -> None:
    """In a member, in a sub, in a URL, in capitals or escaped: one person is one token."""
    record = {
        "email": "Ann@Example.com",
        "sub1": "ann@example.com",
        "referrer": "https://x.io/?e=ann%40example.com&b=1",
        "comment": "wrote to ANN@EXAMPLE.COM, no answer",
        "ip": "203.0.113.77",
        "allowed_ip": ["203.0.113.77", "2001:DB8:0:0::1", "2001:db8::1"],
        "notes": "from 203.0.113.77.",
    }
    ann, ip, six = token("email", "ann@example.com"), token("ip", "203.0.113.77"), token("ip", "2001:db8::1")
    assert REDACTOR.redacted(record) == {
        "email": ann,
        "sub1": ann,
        "referrer": f"https://x.io/?e={ann}&b=1",
        "comment": f"wrote to {ann}, no answer",
        "ip": ip,
        "allowed_ip": [ip, six, six],
        "notes": f"from {ip}.",
    }


@pytest.mark.parametrize(
    "name", ["ip", "user_ip", "lastLoginIp", "ip_address", "client-ip-v4", "ipv4", "IPs", "ip_address_v4"]
)
@pytest.mark.parametrize("value", [16909060, "16909060", "1.2.3.4", " 1.2.3.4", orjson.Fragment("16909060.0")])
def test_an_ip_is_one_hash_however_it_is_written(name: str, value: Any) -> None:
    """As a number it is the address in four bytes; a list of them is a list of hashes."""
    assert REDACTOR.redacted({name: [value]}) == {name: [token("ip", "1.2.3.4")]}


@given(st.one_of(st.integers(0, 2**32 - 1), st.integers(2**64, 2**128 - 1)))
def test_every_number_in_a_member_of_addresses_is_its_dotted_form(number: int) -> None:
    """So are those of IPv6, which are kept as they are written, and 32 bits that were taken for a signed number."""
    wanted = {"ip": token("ip", ip_address(number).compressed)}
    assert REDACTOR.redacted(parsed(b'{"ip": %d}' % number)) == wanted
    if 2**31 <= number < 2**32:
        assert REDACTOR.redacted({"ip": number - 2**32}) == wanted


def test_a_count_by_ip_stays_a_number() -> None:
    """The flags of an offer say 0 and 1 in some versions of the API, and these are no addresses."""
    record = {"reject_not_uniq_ip": 1, "uniq_ip_only": 0, "clicks_per_ip": 3, "ip_count": 7}
    assert REDACTOR.redacted(record) == record


@pytest.mark.parametrize("at", ["@", "%40", "%2540", "%252540"])
def test_an_address_in_a_nested_url_is_the_same_hash(at: str) -> None:
    """However often it was escaped, and what stands around it is kept."""
    inner = f"https%253A%252F%252Fy.io%252F%253Fe%253Duser{at}example.com%2526b%253D{at}1"
    found = REDACTOR.redacted({"referrer": f"https://x.io/?u={inner}"})["referrer"]
    whose = token("email", "user@example.com")
    assert found == f"https://x.io/?u=https%253A%252F%252Fy.io%252F%253Fe%253D{whose}%2526b%253D{at}1"


@pytest.mark.parametrize("at", ["@", "&#64;", "&#064;", "&#x40;", "&#X40;", "&commat;", "\uff20"])
@pytest.mark.parametrize("who", ["ann", "o'brien"])
def test_an_address_is_the_same_hash_however_its_sign_is_written(at: str, who: str) -> None:
    """In HTML, and as wide as a Chinese character; a quote before it is kept."""
    found = REDACTOR.redacted({"comment": f"write to '{who}{at}example.com'!"})["comment"]
    assert found == f"write to '{token('email', f'{who}@example.com')}'!"


@pytest.mark.parametrize(
    "text",
    ["{}", "from {}.", "[{}]:443", "http://[{}]/a?b=c", "?ip={}&b=1", "{}: no answer", "ip:{}",
     "source:{}, again", "({})", "{}/64"],
)  # fmt: skip
@pytest.mark.parametrize(
    "ip", ["2001:db8::1", "2001:DB8::", "2001:db8:0:0:0:0:0:1", "2a00::5", "fe80::1", "1:2:3:4:5:6:7:8"]
)
def test_an_ipv6_in_a_text_is_the_hash_of_its_member(text: str, ip: str) -> None:
    """In a sub, a referrer and a comment, and nothing around it changes."""
    record = dict.fromkeys(["sub5", "referrer", "comment"], text.format(ip))
    assert REDACTOR.redacted(record) == dict.fromkeys(record, text.format(REDACTOR.redacted({"ip": ip})["ip"]))


@pytest.mark.parametrize(
    ("colon", "before", "after"), [("%3A", "?u=a%3Fip%3D", "%26b"), ("%3a", "ip=", "&b"), ("%253A", "x%253D", "%2526y")]
)
def test_an_ipv6_in_an_escaped_url_is_the_same_hash(colon: str, before: str, after: str) -> None:
    """However often it was escaped."""
    found = REDACTOR.redacted({"referrer": before + "2001:db8::1".replace(":", colon) + after})["referrer"]
    assert found == before + token("ip", "2001:db8::1") + after


def test_another_key_gives_other_hashes() -> None:
    """So a hash says nothing to whoever has not the key."""
    assert Redactor(b"another key of 16").redacted({"ip": "10.0.0.1"}) != REDACTOR.redacted({"ip": "10.0.0.1"})


@pytest.mark.parametrize(
    "text",
    ["Chrome Mobile 84.0.4147.125", "2026-11-26 09:14:07", "10:20:30", "{clickid}", "a@b", "@ann", "1.2.3", "300.1.1.1",
     "std::vector", "5f5b1e8a0000000000000000", "50%", "https://shop.example/a?b=c#d", "x=1", "", "a::b", "abc::def",
     "std::abc::def::fed", "at 12:30:45: done", "12:30::", "t%3A12%3A30%3A45", "00:1a:2b:3c:4d:5e", "cafe::", "::",
     "a:b:c", "https%3A%2F%2Fshop.example%3A8443%2Fa"],
)  # fmt: skip
def test_what_is_no_address_stays_as_it_is(text: str) -> None:
    """Versions, times, macros, ids and URLs are kept letter by letter."""
    assert REDACTOR.redacted({"sub1": text}) == {"sub1": text}


def test_four_numbers_in_a_user_agent_are_a_version() -> None:
    """Elsewhere they are an IP."""
    agent = "Mozilla/5.0 Chrome/84.0.4.125 Mobile"
    assert REDACTOR.redacted({"ua": agent, "browser_version": "84.0.4.125"}) == {
        "ua": agent,
        "browser_version": "84.0.4.125",
    }
    assert REDACTOR.redacted({"sub2": "84.0.4.125"}) == {"sub2": token("ip", "84.0.4.125")}


def test_secrets_in_urls_lose_their_value() -> None:
    """Parameters with the name of a secret, and our own key wherever it stands; macros are no secrets."""
    url = "https://p.io/cb?id=1&api_key=abc&token=def#x"
    macro = "https://p.io/cb?token={clickid}&password=%7Bsub1%7D"
    assert REDACTOR.redacted({"url": macro}) == {"url": macro}
    assert REDACTOR.redacted({"cross_postback_url": url, "note": "key our-own-api-key!"}) == {
        "cross_postback_url": "https://p.io/cb?id=1&api_key=[redacted]&token=[redacted]#x",
        "note": "key [redacted]!",
    }


def test_numbers_keep_their_digits() -> None:
    """Money is written as it came: a float would lose the last zero, and the 20th digit."""
    text = b'{"revenue":0.10,"payouts":1e2,"sum":12345678901234567890.25,"id":1234567890123456789012,"n":-0}'
    assert orjson.dumps(REDACTOR.redacted(parsed(text))) == text


def test_half_of_a_surrogate_pair_stays_for_a_rule_to_judge() -> None:
    """UTF-8 cannot hold it, so it is written as the escape that it came as."""
    text = b'{"sub1":"\\ud83d and \xc3\xa9","sub2":"ok"}'
    written = orjson.dumps(REDACTOR.redacted(parsed(text)))
    assert b'"sub1":"\\ud83d and \\u00e9"' in written


SECRET = {
    "hash_password", "api_key", "address_1", "address_2", "zip_code", "phone", "contactPerson", "contact", "skype",
    "vat_code", "telegram", "viber", "wechat", "whatsapp", "facebook",
}  # fmt: skip
"""Names of the API's members that hold secrets and contact data."""
MANAGER = {
    "id", "first_name", "last_name", "work_hours", "email", "skype", "api_key", "roles", "updated_at", "created_at",
    "last_login_at", "type", "avatar", "username", "facebook", "telegram", "viber", "wechat", "whatsapp",
}  # fmt: skip


def test_of_all_names_that_the_api_has_the_same_few_are_redacted() -> None:
    """Those of lists and their managers, of clicks and of conversions; all others keep what they hold."""
    names = known.OFFER | known.AFFILIATE | known.ADVERTISER | click.known | conversion.known | MANAGER
    kinds = {name: kind_of(name, "") for name in names}
    assert {name for name, kind in kinds.items() if kind == "drop"} == SECRET
    assert {name for name, kind in kinds.items() if kind == "ip"} == {"ip", "allowed_ip", "disallowed_ip"}
    assert {name for name, kind in kinds.items() if kind == "email"} == {"email"}


class Reading(dict[str, Any]):
    """A record that writes down which of its members are read."""

    names: set[str] = set()  # noqa: RUF012 - one for all records, also those inside of others

    def get(self, name: str, default: Any = None) -> Any:
        """The member, likewise."""
        self.names.add(name)
        return reading(super().get(name, default))


def reading(value: Any) -> Any:
    """A JSON value, with all that is in it, of which is written down what is read."""
    if isinstance(value, list):
        return [reading(item) for item in value]
    return Reading(value) if isinstance(value, dict) else value


PAGE = {"as_of": "2026-03-16T06:30:00.000000Z", "zone": "Europe/Moscow"}
OFFERS = (
    offers.offer, offers.offer_version, offers.payments, offers.landings, offers.caps, offers.cap_affiliates,
    offers.cap_countries, offers.cap_goals,
)  # fmt: skip


@pytest.fixture(scope="module")
def records() -> Iterator[list[tuple[Any, Row]]]:
    """What the simulated tenant says, with each function that makes rows of it."""
    with serving(clicks_per_day=50, conversions_per_day=50) as api:
        sliced = {"filter[date_from]": DAY, "filter[date_to]": DAY, "slice": ["day", "hour", "offer", "os", "sub5"]}
        counted = api.rows("/3.0/stats/custom", **sliced)
        rates = [{"name": name, "value": value} for name, value in api.json("/3.0/admin/currency")["quotes"].items()]
        told = [
            (api.day(CLICKS), (click,)),
            (api.day(CONVERSIONS), (conversion, conversion_state)),
            (api.offers(), OFFERS),
            (api.rows(PARTNERS), (people.affiliate, people.affiliate_version, people.manager)),
            (api.rows(ADVERTISERS), (people.advertiser, people.advertiser_version, people.manager)),
            (counted, (totals.counted_clicks, totals.hourly_total)),
            (rates, (totals.currency_rate,)),
        ]
        yield [(make, one) for found, makers in told for one in found for make in makers]


def test_no_name_that_a_row_is_made_of_is_redacted(records: list[tuple[Any, Row]]) -> None:
    """But an IP and an e-mail address, which become hashes in columns that say so."""
    for make, record in records:
        deque(chain(make(reading(record), PAGE), make(Reading(), PAGE)), maxlen=0)
    kinds = {name: kind_of(name, "") for name in Reading.names}
    assert {"payments", "goals", "manager_obj", "os", "slice", "traffic", "revenue", "updatedAt"} <= kinds.keys()
    assert {name: kind for name, kind in kinds.items() if kind not in {"text", "versions"}} == {
        "ip": "ip",
        "email": "email",
    }


def test_rows_of_redacted_records_are_those_of_the_records(records: list[tuple[Any, Row]]) -> None:
    """Only the columns of hashes differ, and the referrer that holds an address."""
    differ = set()
    for make, record in records:
        for before, after in zip(make(record, PAGE), make(REDACTOR.redacted(record), PAGE), strict=True):
            differ |= {name for name in before if before[name] != after[name]}
    assert differ == {"ip_hash", "email_hash", "referrer"}


LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(-(10**12), 10**12), st.text("abc xyz", max_size=8), st.sampled_from(CANARIES)
)
NAMES = st.one_of(st.text("abcdef_", min_size=1, max_size=6), st.sampled_from(["sub1", "notes", "offer", CANARIES[1]]))
VALUES = st.recursive(
    LEAVES, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=3))
)


@given(VALUES, st.lists(st.one_of(st.just("[]"), NAMES), max_size=6), st.sampled_from(["api_key", "phone", "skype"]))
def test_no_canary_survives_at_any_depth(value: Any, path: list[str], name: str) -> None:
    """A secret below its name, and addresses anywhere, are gone; the shape of the record is as it was."""
    record: Any = {name: CANARIES[0], "email": CANARIES[1], "ip": CANARIES[2], "value": hide(value)}
    for step in path:
        record = [record] if step == "[]" else {step: record}
    redacted = REDACTOR.redacted(record)
    assert not [canary for canary in CANARIES if canary in repr(redacted)]
    assert shape(redacted) == shape(record)


def hide(value: Any) -> Any:
    """Take out the secret, which only a name gives away."""
    if isinstance(value, list):
        return [hide(item) for item in value]
    if isinstance(value, dict):
        return {name: hide(item) for name, item in value.items()}
    return "" if value == CANARIES[0] else value


def shape(value: Any) -> Any:
    """Return how lists and objects lie in each other, and all values that are no text."""
    if isinstance(value, list):
        return [shape(item) for item in value]
    if isinstance(value, dict):
        return [shape(item) for item in value.values()]
    return "text" if isinstance(value, str) else value


@pytest.mark.parametrize(
    "piece",
    ["a", "a@", "a.a@a", "a%40", "a%2540a.a%26", "%25", "a:", "1.1.", "?token=", "::", "%3A", "1%3A", "2001:", "x:"],
)
def test_long_text_takes_no_long_time(piece: str) -> None:
    """A quarter of a megabyte that nearly has the shape of an address is read in less than a second."""
    began = time.monotonic()
    REDACTOR.redacted({"notes": piece * (250_000 // len(piece))})
    assert time.monotonic() - began < 1


def test_what_people_read_has_no_trace_of_an_address() -> None:
    """Errors hold no hash either, as nobody joins them."""
    assert masked("ann@x.io, 10.0.0.1, ?api_key=1") == "[redacted], [redacted], ?api_key=[redacted]"

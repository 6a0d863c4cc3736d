"""Redaction: what must not be kept is gone at any depth, equal stays equal, and everything else is as it was."""

from __future__ import annotations

import hashlib
import hmac
import time
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakehouse_assets.affise.envelope import parsed
from lakehouse_assets.affise.redaction import Redactor, masked

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
     "contacts", "vat_code"],
)  # fmt: skip
def test_secrets_and_contacts_go_by_name(name: str) -> None:
    """Whatever their value is; null and empty text hold nothing, and stay."""
    for value in ("s3cr3t", 7, ["a"], {"b": "c"}):
        assert REDACTOR.redacted({name: value}) == {name: "[redacted]"}
    assert REDACTOR.redacted({name: None, "x": {name: ""}}) == {name: None, "x": {name: ""}}


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


def test_another_key_gives_other_hashes() -> None:
    """So a hash says nothing to whoever has not the key."""
    assert Redactor(b"another key of 16").redacted({"ip": "10.0.0.1"}) != REDACTOR.redacted({"ip": "10.0.0.1"})


@pytest.mark.parametrize(
    "text",
    ["Chrome Mobile 84.0.4147.125", "2026-11-26 09:14:07", "10:20:30", "{clickid}", "a@b", "@ann", "1.2.3", "300.1.1.1",
     "std::vector", "5f5b1e8a0000000000000000", "50%", "https://shop.example/a?b=c#d", "x=1", ""],
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


@pytest.mark.parametrize("piece", ["a", "a@", "a.a@a", "a%40", "a:", "1.1.", "?token=", "::"])
def test_long_text_takes_no_long_time(piece: str) -> None:
    """A quarter of a megabyte that nearly has the shape of an address is read in less than a second."""
    began = time.monotonic()
    REDACTOR.redacted({"notes": piece * (250_000 // len(piece))})
    assert time.monotonic() - began < 1


def test_what_people_read_has_no_trace_of_an_address() -> None:
    """Errors hold no hash either, as nobody joins them."""
    assert masked("ann@x.io, 10.0.0.1, ?api_key=1") == "[redacted], [redacted], ?api_key=[redacted]"

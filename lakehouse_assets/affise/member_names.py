"""Say what becomes of a member of an API's record by its name: of secrets, contact data, addresses of machines. Pure.

A name is taken apart into words, so `work_phone`, `billingAddress` and `x-api-key` are known whatever else they say.
"""

from __future__ import annotations

import re
from typing import Literal

Kind = Literal["drop", "email", "ip", "versions", "text"]

BORDER = re.compile(r"(?<=[a-z])(?<!^i)(?<![\W\d_]i)(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
"""Matches where a word begins without anything between it and the one before; `iPhone` is one word."""
WORD = re.compile(r"[^\W\d_]+|\d+")
MOST_JOINED = 3
"""How many words that follow each other are looked at as one too: `api_key` is `apikey`."""

SECRETS = re.compile(
    "[a-z]*(token|secret|apikey|password|passwd|passphrase)s?|(access|auth|private|secret|secure)keys?|pwd|salt|"
    "[a-z]*hash(ed|es)?|hmac|md5|sha[0-9]+|authorization|credentials?|cookies?|sessionid"
)
"""Matches words, also joined ones, in names of members that hold secrets."""
KEYS = frozenset({"key", "keys"})
PLAIN_KEYS = frozenset({"cap", "group", "primary", "foreign", "partition", "sort", "row", "cache", "lookup"})
"""Holds words that say of a key after them that it opens nothing."""
CONTACTS = re.compile(
    "(contact|home|mobile|office|tele|work)*phone(s|no|numbers?)?|mobile(no|numbers?)|msisdn|fax(es|number)?|"
    "[a-z]*address(es)?|addr|streets?|postal|(zip|post|postal|vat)codes?|vat(id|number)|contacts?|contact(person|info)|"
    "skype|telegram|viber|wechat|whatsapp|icq|jabber|messengers?|facebook|instagram|linkedin|discord|signal"
)
"""Matches words, also joined ones, in names of members that hold ways to reach a person."""
MOBILES = frozenset({"mobile", "mobiles"})
"""Holds words for a telephone that say what kind of thing another one is when they stand before it: `mobile_app`."""
SCOPED = {"paymentsystems": frozenset({"fields"}), "customfields": frozenset({"value", "label"})}
"""Holds members that are contact data inside of another member only: bank accounts, and what people wrote into fields
that an account made for itself, mostly messengers."""
ADDRESSES = re.compile(
    "(allowed|click|client|disallowed|last|login|remote|user)?ips?v?(addr(ess(es)?)?v?|number|int|long)?|remoteaddr"
)
"""Matches the words, joined, with which the name of a member ends that holds addresses of machines."""
COUNTS = frozenset({"by", "duplicate", "not", "only", "per", "same", "uniq", "unique"})
"""Holds words that say of `ip` that it is counted or compared: `reject_not_uniq_ip` is a flag, 0 or 1."""
VERSIONS = frozenset(
    {"ua", "useragent", "browser", "browserversion", "browserfullname", "os", "osversion", "osfullname"}
)
"""Holds members in which four numbers with dots are a version: `Chrome/84.0.4.125` is no IP."""


def bare(name: str) -> str:
    """Return the name of a member without what its spellings differ in.

    >>> bare("API-Key"), bare("apiKey"), bare("zip_code")
    ('apikey', 'apikey', 'zipcode')
    """
    return "".join(c for c in name if c.isalnum()).casefold()


def words_of(name: str) -> list[str]:
    """Return the words that the name of a member consists of, and its numbers.

    >>> words_of("APIKeys"), words_of("x-api_key"), words_of("workPhone2")
    (['api', 'keys'], ['x', 'api', 'key'], ['work', 'phone', '2'])
    """
    return [word.casefold() for word in WORD.findall(BORDER.sub(" ", name))]


def kind_of(name: str, inside: str) -> Kind:
    """Say what becomes of a member.

    Args:
        name: its own, as it is written.
        inside: bare names of the members that it is in, one after the other with spaces between.

    >>> kind_of("billing_address", ""), kind_of("cap_key", ""), kind_of("last_login_ip", ""), kind_of("osVersion", "")
    ('drop', 'text', 'ip', 'versions')
    """
    short, words = bare(name), words_of(name)
    plain, joined = [word for word in words if not word.isdecimal()], range(1, MOST_JOINED + 1)
    runs = {short, *("".join(words[at : at + many]) for at in range(len(words)) for many in joined)}
    is_scoped = any(short in SCOPED.get(outer, ()) for outer in inside.split())
    if is_scoped or _opens(plain) or any(map(SECRETS.fullmatch, runs)):
        return "drop"
    if short.rstrip("0123456789").endswith(("email", "emails", "emailaddress", "emailaddresses")):
        return "email"
    endings = ("".join(plain[-many:]) for many in joined)
    if any(map(ADDRESSES.fullmatch, endings)) and not COUNTS.intersection(plain):
        return "ip"
    if any(map(CONTACTS.fullmatch, runs)) or MOBILES.intersection(plain[-1:]):
        return "drop"
    return "versions" if short in VERSIONS else "text"


def _opens(words: list[str]) -> bool:
    """Say whether a name is that of a key which opens something: `x_api_key`, `key`; not `cap_key`, `key_account`."""
    threes = zip(words, words[1:], [*words[2:], ""], strict=False)
    return words in (["key"], ["keys"]) or any(
        word in KEYS and before not in PLAIN_KEYS and after not in {"word", "words"} for before, word, after in threes
    )

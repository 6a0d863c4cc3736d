"""Take out of records what bronze must not hold: secrets, contact data, e-mail addresses, IPs. Pure.

By the words in the name of a member, at any depth: secrets and contact data become `[redacted]`; addresses of machines
become keyed hashes, whether they are written with dots, with colons or as a number. In any other text, whatever its
member is called, what has the shape of an e-mail address or an IP becomes the same keyed hash, so equal ones stay equal
and can be counted and joined, and parameters of URLs with the name of a secret lose their value. A plain hash would not
do: all 4 billion IPv4 can be hashed in minutes.
Everything else is left as it is: numbers keep their digits, since those that a float could change are never decoded
(`envelope.parsed`), and null, empty text, true and false stay what they are, as they tell nothing of anybody.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from ipaddress import ip_address
from typing import Any, NamedTuple

import orjson

from lakehouse_assets.affise.ips import ips_replaced
from lakehouse_assets.affise.member_names import SCOPED, Kind, bare, kind_of

GONE = "[redacted]"
HASH_DIGITS = 24
"""How many hexadecimal digits of a hash are kept: 96 bits, as many as one of the account's own ids has."""

MOST_NAMES, MOST_TEXTS = 4096, 16384
"""How many names and texts are remembered with what becomes of them."""

AT = r"%(?:25)*40|&(?:#0*64|#x0*40|commat);|\uff20"
"""Matches what `@` is in a URL, in a URL within that one, and so on; in HTML; and as wide as a Chinese character."""
AT_SIGNS = ("%", "&", "\uff20")
"""Holds what each of these forms has in it."""
ESCAPED_AT = re.compile(AT, re.IGNORECASE)
EMAIL = re.compile(rf"(?<![\w.%+-])[\w.%+-]+(?:'[\w.%+-]+)*(?:@|{AT})[\w-]+(?:\.[\w-]+)+", re.IGNORECASE)
"""Matches an e-mail address in text, also in a URL; it starts only where a word does, so long text is quick."""
EDGE = re.compile(rf"(%(?:25)*(?:0[9AD]|2[02-46-9ACF]|3[A-F]|[57][BD]|7C)(?!@|{AT}))", re.IGNORECASE)
"""Matches what separates words in an escaped URL, such as `%3D` and `%2526`: an address begins after it."""
NUMBER = re.compile(r"(-?[0-9]+)(?:\.0*)?")
"""Matches a whole number, also one with a point after it."""
PARAMETER = re.compile(
    r"(?<=[?&;])((?:api[-_]?(?:key|token)|access[-_]?token|auth[-_]?token|token|secret|password|passwd|pwd)=)(?!\{|%7B)[^&;#\s\"'<>]+",
    re.IGNORECASE,
)
"""Matches parameters of URLs that hold a secret; a macro, `token={clickid}`, is none."""


class Plan(NamedTuple):
    """Say what becomes of a member: its name then, what changes its value, and what members inside of it are in.

    Nothing special changes a value of plain text: it is redacted as any other.
    """

    name: str
    change: Callable[[Any], Any] | None
    inside: str


@dataclass(frozen=True)
class Redactor:
    """Redact the records of one account.

    Attributes:
        key: of the keyed hashes; the same one for as long as hashes are to be compared.
        known: secrets of our own, which are taken out wherever they are.
    """

    key: bytes = field(repr=False)
    known: tuple[str, ...] = field(default=(), repr=False)

    @cached_property
    def _plans(self) -> dict[str, dict[str, Plan]]:
        # Records repeat their names, and many of their texts, such as user agents: both are decided once.
        return {}

    @cached_property
    def _clean(self) -> Callable[[str], Any]:
        return lru_cache(maxsize=MOST_TEXTS)(lambda text: _writable(self._without_ips(self._without_words(text))))

    @cached_property
    def _version(self) -> Callable[[str], Any]:
        return lru_cache(maxsize=MOST_TEXTS)(lambda text: _writable(self._without_words(text)))

    @cached_property
    def _longest_plain(self) -> int:
        return min(map(len, self.known), default=1 << 30) - 1

    def redacted(self, value: Any, inside: str = "") -> Any:  # noqa: ANN401 - any JSON value
        """Return a JSON value without what must not be kept.

        Args:
            value: as `envelope.parsed` returns it; it is left as it is.
            inside: as in `kind_of`.
        """
        if isinstance(value, str):  # letters and digits alone are no address, and secrets of our own are longer
            return value if len(value) <= self._longest_plain and value.isalnum() else self._clean(value)
        if isinstance(value, list):
            return [self.redacted(item, inside) for item in value]
        if not isinstance(value, dict):
            return value
        plans, made = self._plans.setdefault(inside, {}), {}
        for name, item in value.items():
            new, change, within = plans.get(name) or self._planned(name, inside)
            if item is None or item == "":
                made[new] = item
            else:
                made[new] = self.redacted(item, within) if change is None else change(item)
        return made

    def token(self, kind: str, text: str) -> str:
        """Return the keyed hash that stands for an address; case does not count."""
        digest = hmac.digest(
            self.key, f"{kind}:{text.strip().casefold()}".encode("utf-8", "surrogatepass"), hashlib.sha256
        )
        return f"{kind}:{digest.hex()[:HASH_DIGITS]}"

    def spelling(self, texts: Mapping[str, str]) -> str:
        """Return the keyed hash of texts by name, in which every letter and its case counts."""
        # As ASCII, so that half of a surrogate pair can be written, too.
        digest = hmac.digest(self.key, f"spelling:{json.dumps(texts, sort_keys=True)}".encode(), hashlib.sha256)
        return digest.hex()[:HASH_DIGITS]

    def _planned(self, name: str, inside: str) -> Plan:
        """Say what becomes of a member; its name may be an address too, where names are values."""
        clean, short = self._without_ips(self._without_words(name)), bare(name)
        whole = clean if clean.isascii() else clean.encode("utf-8", "replace").decode()
        within = f"{inside} {short}" if short in SCOPED else inside
        plan, plans = Plan(whole, self._change(kind_of(name, inside), within), within), self._plans[inside]
        if len(plans) < MOST_NAMES:
            plans[name] = plan
        return plan

    def _change(self, kind: Kind, inside: str) -> Callable[[Any], Any] | None:
        if kind == "drop":
            return lambda value: value if isinstance(value, bool) else GONE
        if kind == "ip":
            ip = lru_cache(maxsize=MOST_TEXTS)(self._ip)
            return lambda value: _each(value, ip, numbers=True)
        if kind == "email":
            email = lru_cache(maxsize=MOST_TEXTS)(self._email)
            return lambda value: _each(value, email)
        if kind == "versions":
            return lambda value: self._version(value) if isinstance(value, str) else self.redacted(value, inside)
        return None

    def _ip(self, text: str) -> str:
        """Return the hash of an IP, one for all spellings of it; what is no IP is hashed as it is."""
        try:
            return self.token("ip", _spelled(text.strip()))
        except ValueError:
            return self.token("ip", text)

    def _email(self, text: str) -> str:
        return self.token("email", ESCAPED_AT.sub("@", text))

    def _without_words(self, text: str) -> str:
        for secret in self.known:
            text = text.replace(secret, GONE)
        if "=" in text:
            text = PARAMETER.sub(rf"\1{GONE}", text)
        return _emails_replaced(text, self._email)

    def _without_ips(self, text: str) -> str:
        return ips_replaced(text, self._ip)


def masked(text: str) -> str:
    """Return text for people, in which addresses, IPs and parameters with secrets are gone without a trace.

    >>> masked("no key of ann@example.com at 10.1.2.3")
    'no key of [redacted] at [redacted]'
    """
    clean = _emails_replaced(PARAMETER.sub(rf"\1{GONE}", text), lambda _: GONE)
    return ips_replaced(clean, lambda _: GONE)


def _emails_replaced(text: str, replacement: Callable[[str], str]) -> str:
    if "@" not in text and not any(sign in text for sign in AT_SIGNS):
        return text
    # What is escaped has no end where words of it end, so it is taken apart first.
    pieces = EDGE.split(text) if "%" in text else [text]
    return "".join(EMAIL.sub(lambda found: replacement(found[0]), piece) for piece in pieces)


def _spelled(ip: str) -> str:
    """Return an IP in its one spelling; as a number, four bytes that were taken for a signed one are below zero.

    >>> _spelled("2001:DB8::0:1"), _spelled("16909060"), _spelled("-1062731775")
    ('2001:db8::1', '1.2.3.4', '192.168.0.1')
    """
    number = NUMBER.fullmatch(ip)
    if number is None:
        return ip_address(ip).compressed
    whole = int(number[1])
    return ip_address(whole if whole >= 0 else whole + 2**32).compressed


def _each(value: Any, change: Callable[[str], str], *, numbers: bool = False) -> Any:  # noqa: ANN401 - any JSON value
    """Return a value in which every text, and every number too where this is wanted, is changed at any depth."""
    if isinstance(value, str):
        return change(value) if value else value
    if isinstance(value, list):
        return [_each(item, change, numbers=numbers) for item in value]
    if isinstance(value, dict):
        return {change(name): _each(item, change, numbers=numbers) for name, item in value.items()}
    if numbers and isinstance(value, (int, orjson.Fragment)) and not isinstance(value, bool):
        return change(orjson.dumps(value).decode())
    return value


def _writable(text: str) -> Any:  # noqa: ANN401 - text, or a fragment
    """Return text, or, where it holds half of a surrogate pair, its JSON with an escape, as no UTF-8 can hold that."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return orjson.Fragment(json.dumps(text))
    return text

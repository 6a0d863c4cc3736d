"""Find IPs in text, as they are written by people and in URLs, and leave times, versions and names of code alone. Pure.

An IPv6 has a pair of colons or seven of them. With a pair, three groups make one; of two the first has to be of the
networks that are in use, and to have a digit: `a::b` and `cafe::babe` are names more often.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from ipaddress import ip_address

IPV4 = re.compile(r"(?<!\d)(?<!\d\.)(?:\d{1,3}\.){3}\d{1,3}(?!\.?\d)")
COLON = r"(?::|%(?:25)*3A)"
"""Matches a colon, also in a URL, in a URL within that one, and so on."""
BEGIN = (
    r"(?:(?<![\w:.])|(?<=%[0-9A-F]{2})|(?<=%25[0-9A-F]{2})|(?<=%2525[0-9A-F]{2})"
    r"|(?<=[g-z]:)|(?<=[g-z]\w:)|(?<=[g-z]\w{2}:)|(?<=[g-z]\w{3}:))"
)
"""Matches where an IPv6 may begin: at a word, after what is escaped, and after a word with a colon, such as `ip:`."""
IPV6 = re.compile(
    rf"{BEGIN}[0-9a-f]{{0,4}}(?:{COLON}[0-9a-f]{{0,4}}){{2,8}}(?:(?:\d{{1,3}}\.){{3}}\d{{1,3}})?(?!\w|{COLON})",
    re.IGNORECASE,
)
IN_USE = re.compile(r"(?=[a-f]*\d)(?:[23][0-9a-f]{3}|f[cd][0-9a-f]{2}|fe[89ab][0-9a-f])", re.IGNORECASE)
"""Matches the first group of a network in use: https://www.iana.org/assignments/ipv6-address-space"""
ANY_COLON = re.compile(COLON, re.IGNORECASE)
FEWEST_GROUPS, PAIR_OF_GROUPS, MOST_COLONS = 3, 2, 6
"""Count groups that make an IPv6, those that may, and the colons of one whose end has dots and that has no pair."""


def ips_replaced(text: str, replacement: Callable[[str], str]) -> str:
    """Return text in which something else stands in the place of each IP."""
    if text.count(".") >= 3:  # noqa: PLR2004 - an IPv4 has three dots
        text = IPV4.sub(lambda found: replacement(found[0]) if _is_ip(found[0]) else found[0], text)
    if "::" in text or text.count(":") >= MOST_COLONS or ("%" in text and "3a" in text.lower()):
        text = IPV6.sub(lambda found: _ipv6_replaced(found[0], replacement), text)
    return text


def _ipv6_replaced(found: str, replacement: Callable[[str], str]) -> str:
    """Return what stands in the place of what may be an IPv6; a colon after it is no part of it."""
    plain = ANY_COLON.sub(":", found)
    if _is_ip(plain):
        return replacement(plain)
    if plain.endswith(":") and _is_ip(plain[:-1]):
        return replacement(plain[:-1]) + (":" if found.endswith(":") else found[found.rindex("%") :])
    return found


def _is_ip(text: str) -> bool:
    if ":" in text and not _has_groups(text):
        return False
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _has_groups(text: str) -> bool:
    """Say whether a text has as many groups as an IPv6, or two of which the first is of a network in use."""
    groups = [group for group in text.split(":") if group]
    if len(groups) >= FEWEST_GROUPS:
        return True
    return len(groups) == PAIR_OF_GROUPS and text.startswith(groups[0]) and IN_USE.fullmatch(groups[0]) is not None

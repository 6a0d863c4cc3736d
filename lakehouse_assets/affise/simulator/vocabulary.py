"""Hold the words of the simulated world. All of it is invented; names, addresses and numbers are recognisably so.

Domains are those of RFC 2606, addresses those of RFC 5737 and RFC 3849, which belong to nobody.
"""

from __future__ import annotations

CANARY = "canary"
"""Every planted secret and every planted personal datum holds this word, so that a search finds what leaked."""
IPV4_PREFIXES = ("192.0.2.", "198.51.100.", "203.0.113.")
IPV6_PREFIX = "2001:db8:"

COUNTRIES = (
    ("DE", "Germany"), ("US", "United States"), ("BR", "Brazil"), ("IN", "India"), ("KZ", "Kazakhstan"),
    ("FR", "France"), ("NG", "Nigeria"), ("JP", "Japan"), ("GB", "United Kingdom"), ("MX", "Mexico"),
    ("PL", "Poland"), ("ID", "Indonesia"),
)  # fmt: skip
COUNTRY_NAMES = dict(COUNTRIES)
COUNTRY_WEIGHTS = (20.0, 18.0, 12.0, 10.0, 8.0, 7.0, 6.0, 5.0, 5.0, 4.0, 3.0, 2.0)
CURRENCIES = ("USD", "EUR", "GBP", "BRL", "JPY")

# os, version, type of device, brand, model, browser, its version
SYSTEMS = (
    ("Android", "10.0", "mobile", "Samsung", "SM-EX1", "Chrome Mobile", "84"),
    ("Android", "9.0", "mobile", "Xiaomi", "Redmi EX2", "Chrome Mobile", "83"),
    ("iOS", "13.5", "mobile", "Apple", "iPhone", "Mobile Safari", "13.1"),
    ("iOS", "14.0", "tablet", "Apple", "iPad", "Mobile Safari", "14.0"),
    ("Windows", "10", "desktop", "", "", "Chrome", "84"),
    ("macOS", "10.14.6", "desktop", "Apple", "Mac", "Safari", "13.1"),
    ("Linux", "", "desktop", "", "", "Firefox", "78"),
    ("Android", "11.0", "mobile", "Google", "Pixel EX", "Chrome Mobile", "85"),
    ("", "", "desktop", "", "", "", ""),
)
SYSTEM_WEIGHTS = (30.0, 15.0, 20.0, 5.0, 15.0, 6.0, 3.0, 5.0, 1.0)
USER_AGENT = "Mozilla/5.0 (Example; {os} {version}) {browser}/{browser_version}"

SOURCES = ("", "push", "native", "search", "video-7")
PLACEMENTS = ("", "top", "feed")
FIRST_NAMES = ("Ada", "Ben", "Cleo", "Dora", "Emil", "Fay", "Gus")
LAST_NAMES = ("Example", "Sample", "Specimen", "Placeholder", "Dummy")
APPS = ("Puzzle Quest", "Budget Bank", "Fit Coach", "Night Radio", "Recipe Box", "Sky Chess", "Parcel Post")
COMPANIES = ("Acme Example", "Globex Sample", "Initech Demo", "Umbrella Test", "Hooli Specimen", "Stark Placeholder")

NOTE = f"ask {CANARY}.notes@example.com, last seen at {IPV4_PREFIXES[0]}7"
"""What people write into the notes of offers, affiliates and advertisers: also whom to ask."""

AWKWARD_TITLES = (
    'Win "big", <b>today</b>',
    "Fish &amp; Chips &#039;deal&#039;",
    "Two\nlines, one offer",
    "Games 🎮 für Köln",
    "=1+1",
)
"""Titles as people type them: quotes, commas, HTML, entities, a line break, an emoji, what a spreadsheet computes."""
AWKWARD_SUBS = (
    "{clickid}",
    "Größe-ñ-東京",
    f"{CANARY}.visitor@example.com",
    "long-" + "x" * 520,
    "-5",
)
"""Sub values as affiliates send them: a macro that nobody expanded, other scripts, personal data, 500 characters."""

HOUR_WEIGHTS = (2, 2, 1, 1, 1, 2, 3, 4, 5, 5, 5, 5, 6, 6, 5, 5, 5, 6, 6, 6, 6, 5, 4, 4)
"""How a day's clicks are spread over its UTC hours."""

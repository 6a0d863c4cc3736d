"""A system's name and version are one text in conversions and two in clicks, and yet both are of one row."""

from __future__ import annotations

from typing import Any

import pytest

from lakehouse_assets.affise.records.clicks import click
from lakehouse_assets.affise.records.conversions import conversion
from lakehouse_assets.affise.records.values import split_version

PAGE = {"as_of": "2026-03-16T06:30:00.000000Z", "zone": "UTC"}


def system(make: Any, **record: Any) -> tuple[str | None, str | None]:
    """The columns of the system in the row that is made of a record."""
    (row,) = make(record, PAGE)
    return row["os"], row["os_version"]


@pytest.mark.parametrize(
    ("name", "version", "fused"),
    [
        ("Android", "10.0", "Android 10.0"), ("Android", "10", "Android 10"), ("macOS", "10.14.6", "macOS 10.14.6"),
        ("Windows", "10", "Windows 10"), ("Windows", "XP", "Windows XP"), ("Windows", "Vista", "Windows Vista"),
        ("Windows", "ME", "Windows ME"), ("Windows Phone", "8.1", "Windows Phone 8.1"), ("Linux", "", "Linux"),
        ("Linux", "Unknown", "Linux Unknown"), ("Linux", "-", "Linux Undefined"), ("Chrome OS", "", "Chrome OS"),
        ("Chrome OS", "-", "Chrome OS Unknown"), ("Windows Phone", "", "Windows Phone"), ("Mac OS X", "", "Mac OS X"),
        ("Unknown", "9.0", "Unknown 9.0"), ("Undefined", "-", "Unknown Unknown"), ("", "", ""), (None, None, None),
    ],
)  # fmt: skip
def test_a_click_and_a_conversion_of_one_system_meet(name: str | None, version: str | None, fused: str | None) -> None:
    """Whatever form its name has, blanks in it, and a version that is missing or a word."""
    assert system(conversion, os=fused) == system(click, os=name, os_version=version)


def test_a_version_is_kept_as_it_is_written() -> None:
    """Some clicks of Android say `10.0` and those of Windows `10`, so nothing says what a `10` should be."""
    assert split_version("Android 10") == ("Android", "10")
    assert split_version("windows xp") == ("windows", "xp")


@pytest.mark.parametrize("browser", ["Chrome Mobile", "Mobile Safari", "Opera Mini", "Samsung Internet"])
def test_a_browser_of_two_words_stays_whole(browser: str) -> None:
    """Its version is taken off, where there is one."""
    assert split_version(browser) == (browser, None)
    assert split_version(f"{browser} 84") == (browser, "84")

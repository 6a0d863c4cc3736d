"""The version of a gold model: what changes it and what does not, and how the difference is told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lakehouse_assets.contracts import Contract
from lakehouse_assets.contracts.references import Seed
from lakehouse_assets.sql import macros, model_version
from lakehouse_assets.sql.model_version import ModelVersion, model_versions, read_version
from lakehouse_assets_tests.contracts.parsing import parse_contracts
from lakehouse_assets_tests.kiosks.documents import MODELS, documents
from lakehouse_assets_tests.kiosks.lake import COUNTRIES

DAYS, TOTALS = "kiosk_gold.daily_regions", "kiosk_gold.daily_totals"
SELECT = "SELECT d.\"day\", count(d.region) AS n FROM kiosk_gold.daily_regions AS d WHERE d.region <> 'A  b'"


def versions(seed: str = COUNTRIES, **selects: str) -> dict[str, ModelVersion]:
    """The version of each gold table; keyword arguments are other SELECTs than it has."""
    known = parse_contracts(documents(), "kiosks")
    models = {c.catalog_name: {**MODELS, **selects}[c.name] for c in known.values() if c.layer == "gold"}
    return model_versions(known.values(), models, [Seed(known["reference.country"], seed.encode())])


def daily(**changes: object) -> Contract:
    """The contract of the daily regions, with these changes."""
    return replace(parse_contracts(documents(), "kiosks")["gold.daily_regions"], **changes)


@pytest.mark.parametrize(
    "written",
    [
        SELECT.replace("SELECT", "select").replace(" FROM", "\n  from").replace(" AS n", " as N"),
        f"-- what it is\n{SELECT} -- to the end\n;\n",
        SELECT.replace("WHERE", "/* only these */ WHERE"),
    ],
)
def test_layout_case_and_comments_are_no_other_version(written: str) -> None:
    """Nor is the semicolon at the end."""
    assert versions(daily_totals=written)[TOTALS] == versions(daily_totals=SELECT)[TOTALS]


@pytest.mark.parametrize(("old", "new"), [("'A  b'", "'A b'"), ("'A  b'", "'a  b'"), ("count(", "max("), ("<>", "=")])
def test_what_a_select_says_is_another_version(old: str, new: str) -> None:
    """Also a blank or the case of a letter within a text."""
    was, now = versions(daily_totals=SELECT)[TOTALS], versions(daily_totals=SELECT.replace(old, new))[TOTALS]
    assert (now.code != was.code, now.differs(was)) == (True, "its SELECT changed")


def test_words_of_a_contract_are_no_other_version() -> None:
    """Descriptions, owner, freshness, rules and the minor version decide no row."""
    words = daily(description="other", owner="x@example.com", freshness_hours=1, rules=(), version="1.7.3")
    described = replace(words, columns=tuple(replace(c, description="other", unit="EUR") for c in words.columns))
    assert model_version.model_version(described, SELECT, {}) == model_version.model_version(daily(), SELECT, {})


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"columns": daily().columns[::-1]}, "its contract changed"),
        ({"columns": tuple(replace(c, type="STRING") for c in daily().columns)}, "its contract changed"),
        ({"window": None, "window_source": None}, "its contract changed"),
        ({"partition_by": ("day",)}, "its contract changed"),
        ({"version": "2.0.0"}, "its contract has a new major version"),
    ],
)
def test_what_a_contract_decides_is_another_version(changes: dict[str, object], why: str) -> None:
    """Columns, types, key, window, partitions, and the major version, which asks for a table made anew."""
    was, now = (model_version.model_version(contract, SELECT, {}) for contract in (daily(), daily(**changes)))
    assert (now.code != was.code, now.differs(was)) == (True, why)


def test_a_macro_that_is_written_otherwise_is_another_version(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only for the models that call it, with arguments of whatever kind."""
    select = "SELECT ratio(sum(a), 2) AS x, parse_decimal(t, 18, 4) AS y FROM lake.clean_sales"
    was, other = versions(region_totals=select), versions()
    monkeypatch.setitem(macros.MACROS, "ratio", lambda _w, _z, a, b: f"{a} / {b}")
    model_version.parts_of.cache_clear()
    now = versions(region_totals=select)
    model_version.parts_of.cache_clear()
    assert now["kiosk_gold.region_totals"].differs(was["kiosk_gold.region_totals"]) == "a macro that it uses changed"
    assert now[DAYS] == other[DAYS]


def test_what_is_read_is_part_of_the_version() -> None:
    """A seed's row changes who reads the table, and who reads that; line ends are none."""
    was, now = versions(), versions(COUNTRIES.replace("19", "21"))
    assert now[DAYS].differs(was[DAYS]) == "`lake.country`, which it reads, changed"
    assert now[TOTALS].differs(was[TOTALS]) == f"`{DAYS}`, which it reads, changed"
    assert now["kiosk_gold.load_health"] == was["kiosk_gold.load_health"]
    assert versions(COUNTRIES.replace("\n", "\r\n")) == was


def test_a_version_is_read_as_it_was_written() -> None:
    """As a text beside a table's rows; anything else in its place is none."""
    version = versions()[TOTALS]
    assert read_version(version.text) == version
    assert [read_version(text) for text in (None, "", "1", "[]", '{"parts": {}}')] == [None] * 5

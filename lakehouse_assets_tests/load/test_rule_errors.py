"""A rule of any table that fails on a value is named with its table, wherever a load asks it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lakehouse_assets.contracts import Contract
from lakehouse_assets.errors import RuleFailed, SeedInvalid
from lakehouse_assets_tests.contracts.parsing import parse_contracts
from lakehouse_assets_tests.kiosks.documents import documents
from lakehouse_assets_tests.kiosks.lake import Kiosks, file_of

SALE = file_of("sales", 1, "s1,2025-04-01,DE,k1,10.00")


def with_rule(code: str, sql: str) -> type[Kiosks]:
    """Kiosks whose country contract has this SQL in a rule."""

    class Changed(Kiosks):
        def contracts(self) -> dict[str, Contract]:
            found: list[dict[str, Any]] = documents()
            rules = [rule for one in found if one["name"] == "country" for rule in one["schema"][0]["quality"]]
            next(rule for rule in rules if rule["name"] == code)["implementation"] = sql
            return parse_contracts(found, self.pipeline)

    return Changed


def test_a_rule_that_a_seed_fails_is_named_with_the_seed(tmp_path: Path) -> None:
    """Its row is text like any landed one."""
    with pytest.raises(SeedInvalid, match=r"cannot be judged: rule `code_is_short` of `lake.country` fails on a value"):
        with_rule("code_is_short", "code IN (1, 2)")(tmp_path).load(SALE)


def test_a_query_of_a_load_that_fails_on_a_value_is_named(tmp_path: Path) -> None:
    """It reads tables with types; a text in them may still be no number."""
    query = "SELECT region FROM lake.country WHERE CAST(region AS INTEGER) > 1"
    with pytest.raises(RuleFailed, match=r"rule `regions_shared` of `lake.country` fails on a value: 'Europe' cannot"):
        with_rule("regions_shared", query)(tmp_path).load(SALE)

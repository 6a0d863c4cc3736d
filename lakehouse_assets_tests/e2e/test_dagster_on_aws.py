"""Dagster with the target `aws` makes the same tables through Lambda, Glue and Athena as it makes on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lakehouse_assets.contracts import contracts
from lakehouse_assets.core.request import parse_request
from lakehouse_assets.ecommerce import sample
from lakehouse_assets.engines.query import ask
from lakehouse_assets.graph.outcome import Outcome
from lakehouse_assets.operations.running import Asked, run
from lakehouse_assets.operations.sql import query_scope
from lakehouse_assets.settings import Settings, read_settings
from lakehouse_assets.storage.lake import lake_of
from lakehouse_assets_tests.e2e.production import Production, deployed
from lakehouse_assets_tests.emulator.running import Emulator
from lakehouse_assets_tests.emulator.trino.serving import Trino

AS_OF = {"as_of": "2025-04-06T00:00:00Z"}
GOLD = [contract for contract in contracts("ecommerce").values() if contract.layer == "gold"]


@pytest.fixture
def production(emulator: Emulator, trino: Trino, monkeypatch: pytest.MonkeyPatch) -> Iterator[Production]:
    """An installation that nobody has used."""
    del trino
    emulator.reset()
    with deployed(emulator, monkeypatch) as found:
        yield found


@pytest.fixture
def aws(production: Production, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings by which Dagster drives the installation."""
    named = {
        "TARGET": "aws",
        "LAKE": production.lake,
        "LANDINGS__ECOMMERCE": f"s3://{production.outputs['LandingBucket']}/land-folder/Data",
        "HISTORY": str(tmp_path / "history"),
        "AWS__TOPIC": production.outputs["Topic"],
        "AWS__WORKGROUP": production.outputs["WorkGroup"],
        "AWS__POLL_SECONDS": "1",
    }
    for name, value in named.items():
        monkeypatch.setenv(f"LAKEHOUSE_{name}", value)
    return read_settings()


def once(settings: Settings) -> Outcome:
    """Run the shop once."""
    return run(settings, Asked("ecommerce", parse_request(AS_OF)))


def gold(settings: Settings) -> dict[str, list[Any]]:
    """All rows of all gold tables, by key."""
    found = {}
    for table in GOLD:
        key = ", ".join(f'"{name}"' for name in table.key)
        answer = ask(query_scope(settings), f"SELECT * FROM {table.catalog_name} ORDER BY {key}")
        found[table.name] = [row for batch in answer.batches for row in batch]
    return found


@pytest.mark.e2e_all
@pytest.mark.parametrize("engine", ["duckdb", "spark"])
def test_dagster_drives_aws(
    production: Production, aws: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    """The sample's known answer, and gold equal to a local run's, row by row; people are told once; it has a cost."""
    monkeypatch.setenv("LAKEHOUSE_ENGINE", engine)
    production.forget_told()  # the other engine's run has told the same warnings
    expected = sample.write_demo(tmp_path / "drops")
    production.drop(tmp_path / "drops")
    outcome = once(read_settings())
    assert not outcome.is_failed, outcome.cause
    assert sample.compare(expected, outcome.report, lake_of(aws)) == []
    monkeypatch.setenv("LAKEHOUSE_TARGET", "local")
    here = Settings(lake=str(tmp_path / "lake"), landings={"ecommerce": str(tmp_path / "drops")}, engine="duckdb")
    once(here)
    assert gold(aws) == gold(here)
    assert len(production.told()) == 1
    unit = "dpu_seconds" if engine == "spark" else "gb_seconds"
    assert any(line.step == "load" and line.unit == unit and line.usd > 0 for line in outcome.report.costs)
    monkeypatch.setenv("LAKEHOUSE_TARGET", "aws")
    assert once(read_settings()).report.status == "nothing_to_do"

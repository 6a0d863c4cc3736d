"""`lakehouse run --engine spark`: the way through dagster-pyspark, with a Java that fits and without one."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from lakehouse_assets.engines import java
from lakehouse_assets_tests.java import java_of_version
from lakehouse_assets_tests.operations.conftest import FIRST, Cli, Shop, process, put


@pytest.fixture
def landed(tmp_path: Path) -> Shop:
    """A shop whose first day has landed and was not loaded yet."""
    shop = Shop(tmp_path / "lake", tmp_path / "landing")
    put(shop.landing, FIRST)
    return shop


@pytest.mark.spark
@pytest.mark.slow
def test_spark_starts_on_a_java_that_fits_although_java_home_names_another(landed: Shop, tmp_path: Path) -> None:
    """JAVA_HOME is a Java 25, on which Spark does not start; the one on the path is found and loads the first day."""
    fitting = java.require_java(os.environ)
    names = {"JAVA_HOME": str(java_of_version(tmp_path / "new", "25")), "LAKEHOUSE_SPARK_MEMORY": "1g"}
    environment = os.environ | names | {"PATH": f"{fitting / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    result = process(*landed.run, "--engine", "spark", "--json", env=environment)
    assert (result.code, json.loads(result.out)["status"]) == (0, "succeeded")
    (load,) = landed.lake.glob("runs/ecommerce/*/load.json")
    report = json.loads(load.read_text())
    assert (report["engine"], report["tables"]["clean_orders"]["counts"]["inserted"]) == ("spark", 2)


def test_without_a_java_the_run_says_how_to_get_one(
    landed: Shop, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One sentence and exit code 1; nothing is loaded and the files stay in landing."""
    monkeypatch.setenv("JAVA_HOME", str(java_of_version(tmp_path / "new", "25")))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(java, "PLACES", ())
    result = cli(*landed.run, "--engine", "spark")
    assert result.code == 1
    assert result.err.startswith("error: Spark needs Java 17 or 21 and found Java 25; run `make spark` once")
    assert result.err.count("\n") == 1
    assert not (landed.lake / "lakehouse-dwh" / "clean_orders").exists()
    assert (landed.landing / "products.csv").exists()

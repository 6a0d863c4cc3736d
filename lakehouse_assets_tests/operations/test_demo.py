"""`lakehouse demo`: its known answer, its own folder, real files left alone."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

from lakehouse_assets.ecommerce.sample import Expectation, TableAnswer
from lakehouse_assets.operations.samples import samples
from lakehouse_assets_tests.operations.conftest import FIRST, Cli, Result, process, put


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> tuple[Result, Path]:
    """The demo as a user calls it, and the folder it was called in."""
    folder = tmp_path_factory.mktemp("sample")
    return process("demo", cwd=folder), folder / "demo"


def test_the_demo_gives_the_known_answer(sample: tuple[Result, Path]) -> None:
    """It succeeds and says, of both pipelines, that every row went where it should."""
    result, folder = sample
    assert (result.code, result.err) == (0, "")
    assert "✔ Every one of the 17422 rows" in result.out
    assert "✔ Every one of the 2121 rows" in result.out
    assert result.out.count("Try next:") == 2
    assert (folder / "lake/reports/Sub5-latest.csv").read_text("utf-8").startswith("datestamp,affiliate_id,")


def test_a_report_that_is_not_the_tenants_truth_fails_the_demo(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The difference is told; nothing of the tenant is left in the environment."""
    from lakehouse_assets.marketing import tenant

    monkeypatch.delenv("AFFISE_API_KEY", raising=False)
    monkeypatch.setattr(tenant, "answer_of", lambda *_: {"clicks": 1866, "approved": 1, "declined": 2, "pending": 3})
    result = cli("demo", "--pipeline", "marketing", "--folder", tmp_path / "demo")
    assert result.code == 1
    assert "error: not the sample's known answer: approved: expected 1, found " in result.err
    assert "clicks" not in result.err
    assert "AFFISE_API_KEY" not in os.environ


def test_the_report_equals_the_expected_file(sample: tuple[Result, Path]) -> None:
    """What the run reported is what the sample's expectation, written before the run, says."""
    folder = sample[1]
    expected = json.loads((folder / "landing.expected.json").read_text())
    report = json.loads(next((folder / "lake" / "runs" / "ecommerce").glob("*/report.json")).read_text())
    tables = {name: {key: counts[key] for key in expected["tables"][name]} for name, counts in report["tables"].items()}
    assert tables == expected["tables"]
    assert report["rejects"] == expected["rejects"]
    assert report["refused_files"] == expected["refused_files"]


def test_the_tables_equal_the_expected_file(cli: Cli, sample: tuple[Result, Path]) -> None:
    """Asked in SQL, silver and gold hold the expected amount, to the cent."""
    folder = sample[1]
    expected = json.loads((folder / "landing.expected.json").read_text())["totals"]["orders_amount"]
    for query in (
        "SELECT sum(total_amount) AS a FROM delta_lakehouse.clean_orders",
        "SELECT sum(amount) AS a FROM ecommerce_gold.daily_sales",
    ):
        assert cli("sql", query, "--format", "csv", "--lake", folder / "lake").out == f"a\n{expected}\n"


def test_a_wrong_answer_fails_the_demo(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When a run answers otherwise than the sample says, the difference is told and the exit code is 1."""
    from lakehouse_assets.operations import trial

    tables = {
        "clean_products": TableAnswer(read=2, valid=2),
        "clean_orders": TableAnswer(read=3, valid=2, rejected=1),
        "clean_orders_items": TableAnswer(read=3, valid=2, pending=1),
    }
    answer = Expectation(tables, rejects={"amount_invalid": 2}, pending={"unknown_order": 1}, amount_cents=3050)

    def wrong(sample: object, landing: Path, data: Path | None) -> Expectation:
        put(landing, FIRST)
        assert (sample, data) == (samples()["ecommerce"], None)
        return answer

    monkeypatch.setattr(trial, "put_files", wrong)
    result = cli("demo", "--pipeline", "ecommerce", "--folder", tmp_path / "demo")
    assert result.code == 1
    assert result.err == (
        "error: not the sample's known answer: rejects: expected {'amount_invalid': 2}, found {'amount_invalid': 1}\n"
    )


def test_real_files_are_copied_and_left_alone(cli: Cli, tmp_path: Path) -> None:
    """`--data` loads a copy: the folder is byte for byte as before, and a second demo starts afresh."""
    put(tmp_path / "data", FIRST)
    before = _digests(tmp_path / "data")
    for _ in range(2):
        result = cli("demo", "--data", tmp_path / "data", "--folder", tmp_path / "demo")
        assert result.code == 0
        assert _digests(tmp_path / "data") == before
    runs = list((tmp_path / "demo" / "lake" / "runs" / "ecommerce").iterdir())
    assert len(runs) == 1
    assert "sample's known answer" not in result.out


@pytest.mark.parametrize(("data", "folder"), [("here/data", "here"), ("here", "here/demo")])
def test_data_and_demo_in_one_another_are_bad_input(cli: Cli, tmp_path: Path, data: str, folder: str) -> None:
    """A demo never deletes or copies into the data it was given."""
    put(tmp_path / data, FIRST)
    result = cli("demo", "--data", tmp_path / data, "--folder", tmp_path / folder)
    assert result.code == 2
    assert (tmp_path / data / "products.csv").exists()


def _digests(folder: Path) -> dict[str, str]:
    return {str(p): hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.rglob("*")) if p.is_file()}

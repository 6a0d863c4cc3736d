"""Commands that ask tables ask Athena where AWS is the target, and nothing else does."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from lakehouse_assets.errors import JobFailed
from lakehouse_assets.graph.resource import links
from lakehouse_assets.operations.cli import main
from lakehouse_assets.storage.opening import open_store
from lakehouse_assets_tests.compute.aws.doubles import AthenaDouble, use_athena


@pytest.fixture
def athena(s3: str, monkeypatch: pytest.MonkeyPatch) -> AthenaDouble:
    """Athena's double before a lake in a bucket."""
    open_store(f"{s3}/lake").put("runs/ecommerce/r1/report.json", b"{}")
    for name, value in {"TARGET": "aws", "LAKE": f"{s3}/lake", "PIPELINES": "lakehouse_assets.ecommerce"}.items():
        monkeypatch.setenv(f"LAKEHOUSE_{name}", value)
    return use_athena(monkeypatch, AthenaDouble(answer=answered))


def answered(statement: str) -> tuple[list[tuple[str, str]], list[list[str | None]]]:
    """A row of what the statement asks for: ages are asked for by two dates."""
    if " AS newest" in statement:
        return [("newest", "date"), ("as_of", "date")], [["2025-04-08", "2026-11-26"]]
    return [("n", "bigint"), ("x", "varchar")], [["7", None]]


def test_a_question_is_answered_by_athena(athena: AthenaDouble, capsys: pytest.CaptureFixture[str]) -> None:
    """Numbers are numbers and NULL is null; the statement goes as it was asked, to the workgroup of the settings."""
    assert main(["sql", "SELECT n, x FROM ecommerce_gold.daily_sales;", "--format", "json"]) == 0
    assert orjson.loads(capsys.readouterr().out) == [{"n": 7, "x": None}]
    (request,) = athena.requests
    assert (request["QueryString"], request["WorkGroup"]) == (
        "SELECT n, x FROM ecommerce_gold.daily_sales",
        "lakehouse",
    )


@pytest.mark.parametrize(
    ("asked", "code"), [("SHOW TABLES", 0), ("INSERT INTO ecommerce_gold.daily_sales SELECT 1", 2), ("", 2)]
)
def test_athena_is_not_asked_what_is_known_here(athena: AthenaDouble, asked: str, code: int) -> None:
    """Which tables there are is known from contracts, and what would change something is refused before."""
    assert main(["sql", asked]) == code
    assert athena.requests == []


def test_checks_are_asked_of_athena(athena: AthenaDouble, capsys: pytest.CaptureFixture[str]) -> None:
    """One that finds a row fails, with the row; a table that is not there yet has never been checked."""
    main(["checks", "--now", "--format", "json"])
    found = {state["check"]: state for state in orjson.loads(capsys.readouterr().out)["checks"]}
    assert found["totals_match_silver"]["status"] == "failed"
    assert len(athena.requests) > 10


def test_a_lake_in_a_folder_is_refused_in_a_sentence(
    athena: AthenaDouble, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing of AWS could read it."""
    (tmp_path / "runs").mkdir()
    assert main(["sql", "SELECT 1 AS n", "--lake", str(tmp_path)]) == 2
    assert "allowed is s3://bucket/prefix where LAKEHOUSE_TARGET is aws" in capsys.readouterr().err
    assert athena.requests == []


def test_a_failed_job_links_to_its_log() -> None:
    """Dagster shows the link with the failure of the step."""
    assert links(JobFailed(job="x", problem="failed", log="https://there"))["log"].value == "https://there"
    assert links(ValueError("x")) == {}

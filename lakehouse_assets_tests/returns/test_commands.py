"""Every command of `lakehouse` works on the pipeline, beside e-commerce and alone."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from deltalake import DeltaTable

from lakehouse_assets.contracts import Contract
from lakehouse_assets.operations.cli import main
from lakehouse_assets.storage.lake import Lake
from lakehouse_assets.storage.runs import RunFolder
from lakehouse_assets_tests.operations.conftest import Cli
from lakehouse_assets_tests.returns import known
from lakehouse_assets_tests.returns.installation import DAY, Installation, installed
from stepfunctions import emit

ALONE = "lakehouse_assets_tests.returns"
WHOSE = ("--pipeline", "returns")
STORED = {
    "returns_lakehouse.clean_returns": "silver",
    "returns_lakehouse.clean_scans": "silver",
    "returns_lakehouse.countries": "reference",
    "returns_lakehouse.returns_pending": "control",
    "returns_lakehouse.returns_rejects": "control",
    "returns_lakehouse.returns_run_ledger": "control",
    "returns_gold.daily_returns": "gold",
    "returns_gold.region_returns": "gold",
}


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Yield an installation after its first run, which tests look at and do not change."""
    with installed(tmp_path_factory.mktemp("ran")) as place:
        place.drop()
        assert main(["run", "returns", *DAY]) == 0
        yield place


@pytest.mark.parametrize(
    "command", [("run",), ("rejects", "list"), ("rejects", "show"), ("rejects", "replay"), ("optimize",), ("vacuum",)]
)
def test_with_two_pipelines_in_a_lake_one_has_to_be_named(
    ran: Installation, cli: Cli, command: tuple[str, ...]
) -> None:
    """The command says which there are."""
    other = ran.lake / "runs" / "ecommerce" / "request.json"
    other.parent.mkdir()
    other.touch()
    result = cli(*command)
    other.unlink()
    other.parent.rmdir()
    assert (result.code, result.err) == (2, "error: name a pipeline; there are: ecommerce, returns\n")


def test_the_only_pipeline_is_implied(empty: Installation, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """`lakehouse run` alone runs it, and tells what became of its tables."""
    monkeypatch.setenv("LAKEHOUSE_PIPELINES", ALONE)
    result = cli("run", *DAY)
    assert result.code == 0
    assert "clean_scans" in result.out
    assert empty.rows("returns_gold.region_returns") == known.REGIONS
    assert cli("rejects", "list").code == 0


def test_a_window_before_the_first_day_is_refused(empty: Installation, cli: Cli) -> None:
    """The pipeline has no days before March 2025; nothing is begun."""
    result = cli("run", "returns", "--window", "2025-02-20", "2025-03-02")
    first = "the first day of `returns` is 2025-03-01"
    assert (result.code, result.err) == (2, f"error: window begins on 2025-02-20, and {first}\n")
    assert not (empty.lake / "runs").exists()


def test_days_of_another_window_are_the_report_s(empty: Installation, cli: Cli) -> None:
    """Only the 7th is pulled and exported; what landed is loaded whatever its day."""
    assert cli("run", "returns", "--window", "2025-04-07", "2025-04-07", "--as-of", known.AS_OF).code == 0
    assert empty.files("bronze/returns/scans", "*.json") == {
        name for name in empty.files("bronze", "*.json") if "/2025-04-07/" in name
    }
    exported = (empty.lake / "reports" / "Returns-2025-04-07.csv").read_text("utf-8").splitlines()
    assert [line[:10] for line in exported[1:]] == ["2025-04-07", "2025-04-07"]


def test_archived_files_are_loaded_again(loaded: Installation, cli: Cli) -> None:
    """They are those archived on that day; no table gets a file."""
    before = loaded.data_files()
    report = json.loads(cli("run", "returns", "--reprocess", "2025-04-08", *DAY, "--json").out)
    counts = report["tables"]["clean_returns"]
    assert (counts["read"], counts["unchanged"], counts["inserted"] + counts["updated"]) == (10, 4, 0)
    assert loaded.data_files() == before


def test_rejects_are_listed(ran: Installation, cli: Cli) -> None:
    """Open rows are counted by dataset, file and codes."""
    listed = json.loads(cli("rejects", "list", *WHOSE, "--format", "json").out)
    found = [(row["dataset"], row["file"], row["codes"], row["open"], row["replayed"]) for row in listed]
    datasets = {"returns": "returns", "scans": "scans"}
    assert sorted(found) == sorted((datasets[f.split("/")[0]], f, codes, 1, 0) for f, _, codes in known.REJECTS)
    assert ran.lake.exists()


@pytest.mark.usefixtures("ran")
def test_rejects_of_both_formats_are_shown_as_one_correction_file(cli: Cli) -> None:
    """It has the columns of both datasets, each once."""
    header = cli("rejects", "show", *WHOSE, "--format", "csv").out.splitlines()[0]
    columns = "return_id,returned_at,date,country,refund,reasons,scan_id,scanned_at,station"
    assert header == f"_file,_line,_etag,_codes,_raw,{columns}"


@pytest.mark.usefixtures("ran")
def test_its_checks_can_be_asked_for_alone(cli: Cli) -> None:
    """All required ones are passed after its run; those of e-commerce, which never ran there, only when asked for."""
    own = cli("checks", *WHOSE, "--format", "json")
    states = {f"{check['table']}.{check['check']}": check["status"] for check in json.loads(own.out)["checks"]}
    assert own.code == 0
    assert states["gold/daily_returns.totals_match_silver"] == "passed"
    assert states["silver/clean_scans.no_orphans"] == "passed"
    assert states["silver/clean_scans.rejects"] == "failed"
    assert not any("clean_orders" in name for name in states)
    assert [cli("checks").code, cli("checks", "--pipeline", "ecommerce").code] == [0, 1]


@pytest.mark.usefixtures("ran")
def test_the_tables_that_are_there_are_shown(cli: Cli) -> None:
    """Each has its layer; landing has no tables, and the pipeline that has never run has none yet."""
    shown = json.loads(cli("sql", "SHOW TABLES", "--format", "json").out)
    layers = {row["table"]: row["layer"] for row in shown}
    assert layers == STORED


@pytest.mark.usefixtures("ran")
def test_one_question_reads_silver_reference_and_gold(cli: Cli) -> None:
    """Names of countries come beside sums of their refunds."""
    sql = (
        "SELECT c.name, sum(d.refund) AS refund FROM returns_gold.daily_returns AS d "
        "JOIN returns_lakehouse.countries AS c ON c.code = d.country GROUP BY c.name ORDER BY c.name"
    )
    answer = cli("sql", sql, "--format", "csv").out
    assert answer == "name,refund\nAustria,1.750000\nGermany,14.345678\nUnited States,100.000001\n"


def test_care_keeps_what_tables_hold(loaded: Installation, cli: Cli) -> None:
    """Every stored table is rewritten and looked through; silver and gold stay what they are."""
    optimized, cleaned = cli("optimize", *WHOSE), cli("vacuum", *WHOSE)
    assert (optimized.code, cleaned.code) == (0, 0)
    assert all(name in optimized.out for name in STORED)
    assert all(name in cleaned.out for name in STORED)
    assert loaded.rows("returns_gold.region_returns") == known.REGIONS
    assert loaded.rows("returns_lakehouse.countries", "code, name, region") == known.COUNTRIES


def test_a_copied_lake_is_relocated(loaded: Installation, cli: Cli, tmp_path: Path) -> None:
    """Before it is relocated a run is refused; then its gold is read and loaded without the original."""
    copied = tmp_path / "copied"
    shutil.copytree(loaded.lake, copied)
    assert cli("run", "returns", *DAY, "--lake", copied).code == 2
    done = cli("relocate", "--lake", copied)
    assert done.code == 0
    assert "daily_returns" in done.out
    assert cli("run", "returns", *DAY, "--lake", copied).code == 0
    shutil.rmtree(loaded.lake)
    answer = cli("sql", "SELECT sum(refund) AS n FROM returns_gold.region_returns", "--format", "csv", "--lake", copied)
    assert answer.out == "n\n116.095679\n"


def test_its_contracts_are_released_in_its_own_package(empty: Installation, tmp_path: Path) -> None:
    """The release is due, then current, and is written beside the package's contracts."""
    package = tmp_path / "src" / "returns"
    shutil.copytree(Path(__file__).parent, package, ignore=shutil.ignore_patterns("test_*", "__pycache__"))
    own = {"LAKEHOUSE_PIPELINES": "lakehouse_assets.ecommerce,returns", "PYTHONPATH": str(package.parent)}
    due = empty.command("contracts", "--check", **own)
    assert (due.code, due.out.splitlines()[-1]) == (1, "release is due: returns (`lakehouse contracts --release`)")
    assert empty.command("contracts", "--release", **own).code == 0
    assert empty.command("contracts", "--check", **own).code == 0
    assert list(json.loads((package / "contracts" / "released.json").read_text("utf-8"))) == ["returns"]


@pytest.mark.usefixtures("ran")
def test_its_machine_is_written_beside_that_of_ecommerce(cli: Cli, tmp_path: Path) -> None:
    """`emit` writes both, and `--check` says when one is out of date."""
    assert cli("emit", "--out", tmp_path).code == 0
    starts = {"schedules.json", "triggers.json"}
    assert {path.name for path in tmp_path.iterdir()} == {"ecommerce.asl.json", "returns.asl.json", *starts}
    assert cli("emit", "--out", tmp_path, "--check").code == 0
    (tmp_path / "returns.asl.json").write_text("{}", "utf-8")
    stale = cli("emit", "--out", tmp_path, "--check")
    assert (stale.code, "returns.asl.json" in stale.out) == (1, True)


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (("demo", *WHOSE), "no sample to show; pipelines with one: ecommerce"),
        (("sample", "drops", *WHOSE), "pipeline `returns` has no sample; those with one: ecommerce"),
    ],
)
@pytest.mark.usefixtures("ran")
def test_it_has_no_sample_and_says_so(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...], sentence: str
) -> None:
    """One sentence names the pipelines that have one; nothing is written."""
    monkeypatch.chdir(tmp_path)
    result = cli(*command)
    assert (result.code, result.err) == (2, f"error: {sentence}\n")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("ran")
@pytest.mark.parametrize("again", [("plan", "returns"), ("run", "returns", *DAY)])
def test_a_plan_opens_the_run_ledger_once(cli: Cli, monkeypatch: pytest.MonkeyPatch, again: tuple[str, ...]) -> None:
    """However many gold tables are compared with it; a run's plan is its first step, which ends where it is kept."""
    opened: list[str] = []
    found, kept = Lake.delta, RunFolder.keep

    def open_it(lake: Lake, contract: Contract, version: int | None = None) -> DeltaTable:
        opened.append(contract.name)
        return found(lake, contract, version)

    def keep(folder: RunFolder, piece: str, value: object) -> None:
        if piece == "plan":
            opened.append("planned")
        kept(folder, piece, value)

    monkeypatch.setattr(Lake, "delta", open_it)
    monkeypatch.setattr(RunFolder, "keep", keep)
    assert cli(*again).code == 0
    planning = opened[: opened.index("planned")] if "planned" in opened else opened
    assert planning.count("returns_run_ledger") == 1


@pytest.mark.usefixtures("empty")
def test_emitting_one_pipeline_leaves_the_machines_of_others(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Without a folder the product's is meant; with one, what is no machine of the settings is removed from it."""
    folder = tmp_path / "emitted"
    shutil.copytree(emit.EMITTED, folder)
    others = {path.name: path.read_bytes() for path in folder.iterdir()}
    monkeypatch.setattr(emit, "EMITTED", folder)
    monkeypatch.setenv("LAKEHOUSE_PIPELINES", ALONE)
    own = ["returns.asl.json", "schedules.json", "triggers.json"]
    assert cli("emit").out == f"written: {', '.join(str(folder / name) for name in own)}\n"
    machines = {path.name: path.read_bytes() for path in folder.glob("*.asl.json") if path.name != own[0]}
    assert machines == {name: held for name, held in others.items() if name.endswith(".asl.json")}
    assert cli("emit", "--check").code == 0
    assert cli("emit", "--out", str(folder)).out.count(".asl.json") == len(machines)

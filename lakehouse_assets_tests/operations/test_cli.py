"""The command line as a whole: help, bad input, exit codes, and a start that loads nothing slow."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from lakehouse_assets_tests.operations.conftest import Cli, process

COMMANDS = (
    "demo", "run", "sql", "checks", "alerts", "dev", "sample", "optimize", "vacuum", "relocate", "contracts", "emit",
    "lineage",
    "rejects", "rejects list", "rejects show", "rejects replay", "affise-simulator", "test", "new", "forget",
    "status", "runs", "clone", "drop", "diff", "report",
)  # fmt: skip
SLOW = ("dagster", "duckdb", "pyarrow", "pandas", "pyspark", "deltalake", "pyiceberg", "sqlglot")

BAD = {
    "no such command": ["lod"],
    "no such option": ["run", "ecommerce", "--now"],
    "no such pipeline": ["run", "shop"],
    "no such engine": ["run", "ecommerce", "--engine", "oracle"],
    "a ratio above one": ["run", "ecommerce", "--max-reject-ratio", "5"],
    "a ratio that is no number": ["run", "ecommerce", "--max-reject-ratio", "few"],
    "a date that is none": ["run", "ecommerce", "--reprocess", "yesterday"],
    "a landing that is not there": ["run", "ecommerce", "--landing", "nowhere"],
    "a lake that is a file": ["run", "ecommerce", "--lake", "file"],
    "demo data that is not there": ["demo", "--data", "nowhere"],
    "demo data without a CSV": ["demo", "--data", "empty"],
    "a demo over somebody's files": ["demo", "--folder", "full"],
    "no SQL": ["sql"],
    "SQL without a lake": ["sql", "SELECT 1", "--lake", "nowhere"],
    "an answer in no format": ["sql", "SELECT 1", "--format", "xml"],
    "checks without a lake": ["checks", "--lake", "nowhere"],
    "checks into no folder": ["checks", "--lake", "empty", "--out", "nowhere/checks.html"],
    "checks into a folder": ["checks", "--lake", "empty", "--out", "full"],
    "rejects without a lake": ["rejects", "list", "--lake", "nowhere"],
    "rejects of a lake that never ran": ["rejects", "list", "--lake", "empty"],
    "a replay of no such pipeline": ["rejects", "replay", "--pipeline", "shop", "--lake", "empty"],
    "a sample of no days": ["sample", "drops", "--days", "0"],
    "a sample into a file": ["sample", "file"],
    "a vacuum that may hurt": ["vacuum", "--retention-hours", "1", "--lake", "empty"],
    "care without a lake": ["optimize", "--lake", "nowhere"],
    "a relocation without a lake": ["relocate", "--lake", "nowhere"],
    "contracts both ways": ["contracts", "--check", "--release"],
    "a lineage of no such table": ["lineage", "nothing"],
    "a lineage of no such column": ["lineage", "daily_sales.nothing"],
    "a port that is none": ["dev", "--port", "99999"],
}


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A current folder with something to stumble over."""
    for name in ("empty", "full"):
        (tmp_path / name).mkdir()
    (tmp_path / "file").write_text("mine")
    (tmp_path / "full" / "mine.txt").write_text("mine")
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("arguments", BAD.values(), ids=BAD.keys())
def test_bad_input_is_one_sentence_and_code_2(cli: Cli, arguments: list[str]) -> None:
    """Whatever is wrong with a call is said in one line on stderr, with exit code 2 and nothing on stdout."""
    result = cli(*arguments)
    assert result.code == 2
    assert result.err.startswith("error: ")
    assert result.err.count("\n") == 1
    assert result.out == ""


def test_bad_input_leaves_other_peoples_files(cli: Cli, tmp_path: Path) -> None:
    """A demo that is pointed at a folder of somebody else deletes nothing there."""
    cli("demo", "--folder", tmp_path / "full")
    assert (tmp_path / "full" / "mine.txt").read_text() == "mine"


def test_wrong_settings_are_told_all_at_once(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wrong environment variables are bad input: one sentence that names each of them."""
    monkeypatch.setenv("LAKEHOUSE_ENGINE", "oracle")
    monkeypatch.setenv("LAKEHOUSE_SOURCE_TIMEZONE", "Mars/Base")
    result = cli("run", "ecommerce")
    assert result.code == 2
    assert "LAKEHOUSE_ENGINE" in result.err
    assert "LAKEHOUSE_SOURCE_TIMEZONE" in result.err


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(cli: Cli, command: str) -> None:
    """`--help` works everywhere; leaf commands with options show an example."""
    result = cli(*command.split(), "--help")
    assert result.code == 0
    assert command == "rejects" or "lakehouse " in result.out


def test_without_a_command_it_lists_them(cli: Cli) -> None:
    """`lakehouse` alone shows every command."""
    result = cli()
    assert result.code == 0
    assert all(command.split()[0] in result.out for command in COMMANDS)


def test_the_start_imports_nothing_slow() -> None:
    """Loading the command line loads no engine and no Dagster, so that help comes at once."""
    start = "from lakehouse_assets.operations import cli; cli.application()"
    code = f"import sys; {start}; print([n for n in {SLOW!r} if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize(
    ("packages", "problem"),
    [
        ("no.such", "package `no.such` cannot be imported"),
        ("two words", "LAKEHOUSE_PIPELINES is `two words`"),
        ("a.shop,b.shop", "`a.shop` and `b.shop` are both packages of this name"),
    ],
)
def test_pipelines_that_cannot_be_found_are_one_sentence(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, packages: str, problem: str
) -> None:
    """Every command needs them, help too; none answers with a traceback."""
    monkeypatch.setenv("LAKEHOUSE_PIPELINES", packages)
    result = cli("--help")
    assert result.code in {1, 2}
    assert result.err.count("\n") == 1
    assert problem in result.err


def test_the_installed_command_answers() -> None:
    """The console script is there and hands its exit code on."""
    assert process("--help").code == 0
    assert process("lod").code == 2


def test_a_reader_that_leaves_is_no_error() -> None:
    """`lakehouse … | head` ends without a complaint."""
    command = [str(Path(sys.executable).with_name("lakehouse")), "contracts"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdout.close()
        assert child.stderr.read() == ""


def test_the_only_pipeline_is_implied(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that needs a pipeline takes it when there is one, whether it is named or not."""
    monkeypatch.setenv("LAKEHOUSE_PIPELINES", "lakehouse_assets.ecommerce")
    for arguments in (["run", "--lake", "lake"], ["run", "ecommerce", "--lake", "lake"], ["vacuum", "--lake", "lake"]):
        assert cli(*arguments).code == 0


def test_the_only_pipeline_of_a_lake_is_implied(cli: Cli) -> None:
    """Of all that there are, it is the one that has run there; a table says whose it is before any has."""
    assert cli("vacuum", "--lake", "lake").err == "error: there is no lake at `{}`; `lakehouse run` makes one\n".format(
        Path("lake").absolute()
    )
    Path("lake").mkdir()
    assert cli("vacuum", "--lake", "lake").err == "error: name a pipeline; there are: ecommerce, marketing\n"
    assert "`lakehouse run` creates it" in cli("restore", "clean_orders", "--as-of", "2025-04-01", "--lake", "lake").err
    assert cli("run", "ecommerce", "--lake", "lake").code == 0
    assert [cli(command, "--lake", "lake").code for command in ("run", "plan", "vacuum")] == [0, 0, 0]
    days = ("backfill", "--from", "2025-04-01", "--to", "2025-04-02", "--lake", "lake")
    assert "`ecommerce` works on files, not on days" in cli(*days).err
    assert cli("export", "--lake", "lake").err == "error: pipeline `ecommerce` has no report\n"


SEVERAL = "there are: ecommerce, returns\n"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["run"], f"name a pipeline; {SEVERAL}"),
        (["run", "weather"], f"there is no pipeline `weather`; {SEVERAL}"),
        (["optimize", "--lake", "empty"], f"name a pipeline; {SEVERAL}"),
        (["rejects", "list", "--lake", "empty"], f"name a pipeline; {SEVERAL}"),
        (["dev", "--landing", "empty"], f"name a pipeline; {SEVERAL}"),
        (["sample", "drops", "--pipeline", "returns"], "pipeline `returns` has no sample; those with one: ecommerce\n"),
        (["demo", "--pipeline", "returns"], "no sample to show; pipelines with one: ecommerce\n"),
    ],
)
def test_one_of_several_pipelines_has_to_be_named(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, arguments: list[str], sentence: str
) -> None:
    """The sentence lists them; where only some will do, those."""
    monkeypatch.setenv("LAKEHOUSE_PIPELINES", "lakehouse_assets.ecommerce,lakehouse_assets_tests.returns")
    result = cli(*arguments)
    assert (result.code, result.out, result.err) == (2, "", f"error: {sentence}")


def test_what_a_run_cannot_be_asked_is_refused_like_any_bad_input(cli: Cli, tmp_path: Path) -> None:
    """A window for a pipeline of files, a clock that is none, a share above all: nothing begins."""
    wrong = {
        ("--window", "2025-04-01", "2025-04-07"): "a run cannot be asked `window`; it can be asked: ",
        ("--as-of", "20250403"): "as_of is `20250403`, allowed is a moment such as 2025-04-03T12:00:00Z",
        ("--max-reject-ratio", "7"): "max_reject_ratio is `7.0`, allowed is a number from 0 to 1",
        ("--reprocess", "20250403"): "date is `20250403`, allowed is a date such as 2025-04-03",
    }
    for options, sentence in wrong.items():
        result = cli("run", "ecommerce", "--lake", "lake", *options)
        assert (result.code, sentence in result.err) == (2, True), result.err
    assert not list(tmp_path.glob("lake/runs/*"))

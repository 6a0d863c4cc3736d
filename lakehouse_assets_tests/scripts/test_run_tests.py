"""Which tests `make test` starts, and what it says about the others."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import run_tests
from scripts.run_tests import Group, groups, left_out, passes, pytest_arguments

NO_SPARK = Group("spark", ready=False, need="Java 17 or 21", remedy="make spark")
NO_DATA = Group("real", ready=False, need="the data", remedy="export X", required=False)


def test_everything_here_leaves_nothing_out() -> None:
    """With all tools at hand only what `make e2e` runs is left to it."""
    assert pytest_arguments([], require_all=False) == ["-m", "not e2e and not e2e_all and not nightly"]


def test_missing_groups_are_deselected() -> None:
    """Each missing group is left out by its mark."""
    marks = "not e2e and not e2e_all and not nightly and not spark and not real"
    assert pytest_arguments([NO_SPARK, NO_DATA], require_all=False) == ["-m", marks]


def test_spark_has_the_machine_alone_and_the_others_two_workers() -> None:
    """Two runs of pytest, one without Java; a developer's own options make one plain run."""
    spread, alone = passes([], [], require_all=False)
    always = "not e2e and not e2e_all and not nightly"
    assert (spread[:2], spread[-1]) == (["-n", "2"], f"{always} and not spark")
    assert alone == ["-m", f"{always} and spark"]
    assert len(passes([NO_SPARK], [], require_all=False)) == 1
    assert passes([], ["-k", "sensor"], require_all=False) == [["-m", always, "-k", "sensor"]]


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Further processes of pytest start in a moment, without plugins that they have no use for."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")


@pytest.mark.usefixtures("plain")
@pytest.mark.parametrize(("first", "second", "code"), [("good", "good", 0), ("good", "bad", 1), ("bad", "good", 1)])
def test_both_runs_are_made_and_either_fails_the_whole(tmp_path: Path, first: str, second: str, code: int) -> None:
    """The second one runs whatever became of the first."""
    runs = []
    for number, kind in enumerate((first, second)):
        file = tmp_path / str(number) / f"test_{number}.py"
        file.parent.mkdir()
        ran = "import pathlib\ndef test_it():\n    pathlib.Path(__file__).with_suffix('.ran').touch()\n"
        file.write_text(ran + ("    assert 0\n" if kind == "bad" else ""), "utf-8")
        runs.append(["-c", "/dev/null", "-p", "no:cacheprovider", str(file)])
    assert run_tests.run(runs, os.environ) == code
    assert len(list(tmp_path.glob("*/*.ran"))) == 2


def test_what_is_left_out_is_said_with_the_remedy() -> None:
    """The line names the tests, what they lack and the command that gets it."""
    assert "`spark` tests" in left_out(NO_SPARK)
    assert "Java 17 or 21" in left_out(NO_SPARK)
    assert "`make spark`" in left_out(NO_SPARK)


def test_without_java_the_spark_tests_are_missing() -> None:
    """Spark tests are ready exactly when a Java was found."""
    assert [g.ready for g in groups(None) if g.mark == "spark"] == [False]
    assert [g.ready for g in groups(Path("/opt/jre")) if g.mark == "spark"] == [True]


def test_required_groups_stop_a_strict_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where all is required, a missing Java ends the run before a test starts."""
    monkeypatch.setenv("LAKEHOUSE_REQUIRE_ALL", "1")
    monkeypatch.setattr(run_tests, "find_java", lambda _: None)
    with pytest.raises(SystemExit, match=r"nothing may be left out here.*make spark"):
        run_tests.main()


@pytest.mark.usefixtures("plain")
@pytest.mark.parametrize(
    "source",
    [
        "import pytest\ndef test_it():\n    pytest.skip('no tool')",
        "import pytest\n@pytest.mark.skip(reason='no tool')\ndef test_it(): pass",
        "import pytest\npytest.skip('no tool', allow_module_level=True)",
        "import pytest\n@pytest.fixture\ndef tool(): pytest.skip('no tool')\ndef test_it(tool): pass",
    ],
)
def test_a_skipped_test_fails_a_strict_run(tmp_path: Path, source: str) -> None:
    """Skipping in a test, by mark, for a module or in a fixture fails the run and keeps the reason."""
    (tmp_path / "test_it.py").write_text(source, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-p", "lakehouse_assets_tests.nothing_skipped", "-c", "/dev/null"]
    done = subprocess.run([*command, str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "no tool" in done.stdout

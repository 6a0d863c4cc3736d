"""Any commands at once, on a lake that is not there yet and on one that is: each does its work or says why not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from lakehouse_assets_tests.operations.conftest import FIRST, SECOND, Cli, Result, put
from lakehouse_assets_tests.operations.test_history_files import versions

COUNT = "SELECT count(*) AS n FROM delta_lakehouse.clean_orders"
NO_LAKE = "error: there is no lake at `{}/lake`; `lakehouse run` makes one\n"
HELD = "error: pipeline `ecommerce` is held by run "


def at_once(folder: Path, *commands: tuple[str, ...]) -> list[Result]:
    """Start these commands side by side, in processes of their own, and wait for all of them."""
    lakehouse = Path(sys.executable).with_name("lakehouse")
    piped = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    children = [subprocess.Popen([lakehouse, *command], cwd=folder, **piped) for command in commands]
    told = [child.communicate(timeout=240) for child in children]
    return [Result(child.returncode, *words) for child, words in zip(children, told, strict=True)]


@pytest.mark.slow
def test_mixed_commands_at_once_on_a_new_lake_and_on_an_old_one(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two runs one may have to wait for the other; no command fails otherwise, and nothing is loaded twice."""
    for name, value in {"LAKE": tmp_path / "lake", "LANDING": tmp_path / "landing"}.items():
        monkeypatch.setenv(f"LAKEHOUSE_{name}", str(value))
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    run = ("run", "ecommerce", "--max-reject-ratio", "1", "--json")
    for files in (FIRST, SECOND):
        put(tmp_path / "landing", files)
        *runs, plan, sql, checks = at_once(
            tmp_path, run, run, ("plan", "ecommerce"), ("sql", "SHOW TABLES"), ("checks",)
        )
        assert {ran.code for ran in runs} <= {0, 1}
        assert all(ran.err.startswith(HELD) and ran.err.count("\n") == 1 for ran in runs if ran.code)
        assert any(ran.code == 0 for ran in runs)
        assert (plan.code, plan.err) == (0, "")
        none = (2, NO_LAKE.format(tmp_path)) if files is FIRST else (0, "")
        assert (sql.code, sql.err) in {(0, ""), none}
        assert (checks.code, checks.err) in {(0, ""), (1, ""), none}
        assert versions(tmp_path / "lake/dagster") == [1, 1, 1]
    assert cli("run", "--max-reject-ratio", "1").code == 0
    assert cli("sql", COUNT, "--format", "csv").out == "n\n3\n"
    assert cli("checks").code == 0

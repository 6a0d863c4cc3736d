"""What is built: trees that hold all they need, zips that are the same for the same content."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import pytest

from infrastructure.functions import DECLARED, FUNCTIONS, Function
from infrastructure.package import ZIP_LIMIT, key_of, measured, pack
from lakehouse_assets_tests.infrastructure.runtime_api import call
from lakehouse_assets_tests.infrastructure.trees import tree


@pytest.mark.slow
@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.name)
def test_a_function_starts_from_its_tree_alone(function: Function, tmp_path: Path) -> None:
    """Lambda's runtime client imports the handler and calls it; whatever that says, no package is missing."""
    event = {"run_id": "r1", "pipeline": "ecommerce", "lake": str(tmp_path), "landing": str(tmp_path), "fence": 1}
    answer = call(tree(function.packages).folder, function.handler, event, {})
    assert answer.died is None
    error = (answer.error or {}).get("errorType", "")
    assert error not in {"Runtime.ImportModuleError", "ModuleNotFoundError", "ImportError"}, answer.error


def test_a_tree_that_lacks_a_package_is_found_out(tmp_path: Path) -> None:
    """The interpreter that a function is tried with has no packages of its own."""
    code = tmp_path / "tree"
    shutil.copytree(tree("functions").folder / "lambdas", code / "lambdas")
    answer = call(code, "lambdas.loadoutcome.handler.handler", {}, {})
    assert "lakehouse_assets" in str(answer.died or answer.error)


def test_every_function_is_declared_once() -> None:
    """There is no handler that nobody deploys, and no function twice."""
    handlers = {path.parent.name for path in Path("lambdas").glob("*/handler.py")}
    assert handlers == {function.folder for function in FUNCTIONS}
    assert len({function.name for function in DECLARED}) == len(DECLARED)


def test_what_is_a_zip_fits_into_one() -> None:
    """Lambda takes 250 MB; the tree with the engine is larger, which is why those functions are images."""
    assert tree("functions").bytes < ZIP_LIMIT / 2
    assert not tree("engine").fits_zip


def test_a_zip_is_the_same_for_the_same_content(tmp_path: Path) -> None:
    """Two builds at different times have one key, so that nothing is deployed anew for nothing."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "handler.py").write_text("x = 1\n")
    made = [pack(measured(tmp_path / name), tmp_path / f"{name}.zip") for name in ("one", "two")]
    assert made[0].read_bytes() == made[1].read_bytes()
    assert key_of(made[0], "functions").removeprefix("functions/one") == key_of(made[1], "f").removeprefix("f/two")


def test_another_content_is_another_key(tmp_path: Path) -> None:
    """A key never changes its meaning."""
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "handler.py").write_text("x = 1\n")
    first = key_of(pack(measured(tmp_path / "tree"), tmp_path / "a.zip"), "functions")
    (tmp_path / "tree" / "handler.py").write_text("x = 2\n")
    assert key_of(pack(measured(tmp_path / "tree"), tmp_path / "a.zip"), "functions") != first


def test_a_zip_holds_our_code_and_its_data(tmp_path: Path) -> None:
    """Contracts and SQL travel with the code; Dagster's part of it and tests do not."""
    held = set(zipfile.ZipFile(pack(tree("functions"), tmp_path / "functions.zip")).namelist())
    assert {"lambdas/planrun/handler.py", "lakehouse_assets/contracts/ecommerce/clean_orders.yaml"} <= held
    assert not [name for name in held if "__pycache__" in name or "/graph/" in name or "/tests/" in name]

"""A contract file that cannot be read costs no table: none counts as one of no contract while that is so."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from lakehouse_assets_tests.operations.own_project import Project, open_project

Spoil = Callable[[Path], object]


def in_its_place_a_folder(file: Path) -> None:
    """Put a folder where the file was."""
    file.unlink()
    file.mkdir()


SPOILT: dict[str, Spoil] = {
    "a save cut short": lambda file: file.write_bytes(b""),
    "UTF-16": lambda file: file.write_bytes(file.read_text("utf-8").encode("utf-16")),
    "binary": lambda file: file.write_bytes(bytes(range(256))),
    "half of it": lambda file: file.write_bytes(file.read_bytes()[:40]),
    "no name": lambda file: file.write_text(file.read_text("utf-8").replace("\nname: ", "\nnam: "), "utf-8"),
    "a folder": in_its_place_a_folder,
}


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project after a run."""
    project = open_project(tmp_path_factory.mktemp("spoilt"))
    project.drop()
    assert project.command("run", "--max-reject-ratio", "1").code == 0
    return project


@pytest.fixture(params=["clean_products", "daily_sales_0"])
def table(request: pytest.FixtureRequest) -> str:
    """A silver and a gold table, whose contract file is put back afterwards."""
    return str(request.param)


@pytest.fixture
def file(ran: Project, table: str) -> Path:
    """The table's contract file, under a name that does not show whose it is."""
    return ran.package / "contracts" / f"{table}.yaml"


@pytest.fixture(autouse=True)
def put_back(file: Path) -> object:
    """Put the file back after each test."""
    kept = file.read_bytes()
    yield
    if file.is_dir():
        file.rmdir()
    file.write_bytes(kept)


@pytest.mark.parametrize("how", SPOILT)
def test_its_table_is_not_called_one_of_no_contract_and_not_dropped(
    ran: Project, table: str, file: Path, how: str
) -> None:
    """The plan names none; `drop` refuses with the name of the file, and the rows are still there."""
    SPOILT[how](file)
    planned = ran.command("plan", "--json")
    assert "of_no_contract" not in planned.out or json.loads(planned.out)["of_no_contract"] == []
    assert "removes it" not in ran.command("plan").out
    asked = next(iter((ran.folder / "lake").glob(f"*/{table}"))).relative_to(ran.folder / "lake")
    refused = ran.command("drop", str(asked), "--yes")
    assert (refused.code, refused.out) == (2, "")
    assert list((ran.folder / "lake" / asked).rglob("*.parquet"))


@pytest.mark.parametrize("how", SPOILT)
def test_no_other_table_is_dropped_either(ran: Project, file: Path, how: str) -> None:
    """Whose the file is nobody can tell for sure, so the sentence names it and what is to be done."""
    SPOILT[how](file)
    refused = ran.command("drop", "another_one", "--yes")
    assert refused.code == 2
    said = (
        f"`another_one` is not dropped: nobody can tell whose the contract `{file.name}` is, and the table may be its"
    )
    assert said in refused.err

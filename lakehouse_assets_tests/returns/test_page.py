"""`docs/adding-a-pipeline.md` shows the real files, names all that there is, and runs as it stands."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from lakehouse_assets.contracts.properties import COLUMN, RULE, TABLE
from lakehouse_assets.contracts.validity import VERDICTS
from lakehouse_assets.settings import read_settings
from lakehouse_assets.sql.macros import MACROS
from lakehouse_assets.sql.portable import ALLOWED
from lakehouse_assets_tests.returns.api import serving
from lakehouse_assets_tests.walkthrough import Written, parts, walk
from scripts.docs import ADDING, EXAMPLE, refreshed

PAGE = ADDING.read_text("utf-8")
FILES = [part for part in parts(PAGE) if isinstance(part, Written)]


def test_the_files_of_the_page_are_the_real_ones() -> None:
    """`make docs` puts their text into the page."""
    assert refreshed(PAGE, EXAMPLE) == PAGE


def test_a_file_that_changed_is_put_into_the_page(tmp_path: Path) -> None:
    """Only blocks that show a file of the folder are touched."""
    page = "<!-- file: a.sql -->\n```sql\nold\n```\n\n<!-- new: a.sql -->\n```sql\nold\n```\n"
    (tmp_path / "a.sql").write_text("SELECT 1\n", "utf-8")
    assert refreshed(page, tmp_path) == page.replace("old", "SELECT 1", 1)


@pytest.mark.parametrize("file", sorted((EXAMPLE / "contracts").glob("*.yaml")), ids=lambda file: file.stem)
def test_the_standard_accepts_its_contracts(file: Path) -> None:
    """They are as short as the Open Data Contract Standard's own linter lets them be."""
    from datacontract.data_contract import DataContract

    run = DataContract(data_contract_file=str(file)).lint()
    assert run.result == "passed", [check.reason for check in run.checks]


def test_the_page_shows_the_whole_pipeline() -> None:
    """It shows every contract, SELECT, seed and module, and no file that is not there."""
    folders = [path for name in ("contracts", "sql", "seeds") for path in (EXAMPLE / name).iterdir()]
    whole = {path.relative_to(EXAMPLE).as_posix() for path in folders} | {"pipeline.py", "functions.py"}
    assert {part.path for part in FILES if part.how == "file"} == whole


@pytest.mark.slow
@pytest.mark.nightly  # quick: the page shows the files that all tests of this folder run
def test_the_page_runs_as_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It runs in a folder with nothing but the page's files, beside an API that serves the page's scans."""
    monkeypatch.delenv("LAKEHOUSE_PIPELINES", raising=False)
    folder = tmp_path / "work"
    for part in FILES:
        if part.how == "file":
            target = folder / "returns" / part.path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(part.text, "utf-8")
    (folder / "returns" / "__init__.py").touch()
    scans = next(part.text for part in FILES if part.path == "scans.json")
    with serving(json.loads(scans)) as api:
        assert walk(PAGE, folder, tmp_path / "session", {"RETURNS_API": api}) >= 10


def cells(section: str) -> list[list[str]]:
    """Return the rows of the tables in a section of the page, without their heads, which have no word in backticks."""
    text = PAGE.split(f"\n{section}\n")[1].split("\n#")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]
    return [row for row in rows if quoted(row[0])]


def quoted(text: str) -> set[str]:
    """Return the words in backticks; of a call, its name."""
    return {found.partition("(")[0] for found in re.findall(r"`([^`]+)`", text)}


def test_every_function_and_macro_is_in_the_tables() -> None:
    """The tables hold those that SQL may use, and no other."""
    named = {name for row in cells("## What SQL may use") for name in quoted(row[0])}
    allowed = {function.sql_name().lower() for function in ALLOWED}
    assert named == allowed | set(MACROS)


def test_every_layer_and_its_properties_are_in_the_table() -> None:
    """Properties that must be there are bold."""
    rows = {next(iter(quoted(row[0]))): row[2:] for row in cells("## What a contract must hold") if len(row) == 4}
    for layer in ("landing", "reference", "silver", "gold"):
        known = [p for p in TABLE if layer in p.places and p.name not in {"layer", "database"}]
        assert quoted(rows[layer][0]) == {p.name for p in known}, layer
        assert set(re.findall(r"\*\*`(\w+)`\*\*", rows[layer][0])) == {p.name for p in known if p.needed}, layer
        assert quoted(rows[layer][1]) == {p.name for p in COLUMN if layer in p.places}, layer


def test_every_kind_of_rule_and_its_verdicts_are_in_the_table() -> None:
    """Generic checks stand in one row; their properties are named below it."""
    rows = [row for row in cells("### Rules") if len(row) == 4]
    named = {kind: quoted(row[2]) for row in rows for kind in quoted(row[0])}
    assert named == {kind: set(verdicts) for kind, verdicts in VERDICTS.items()}
    assert all(f"`{p.name}`" in PAGE for p in RULE)


def test_the_settings_that_it_names_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Package, landing and zone are read from the variables as the page spells them."""
    for name, value in (
        ("PIPELINES", "a.returns,c"),
        ("LANDINGS__RETURNS", "drops"),
        ("ZONES__RETURNS", "Europe/Paris"),
    ):
        assert f"`LAKEHOUSE_{name}`" in PAGE
        monkeypatch.setenv(f"LAKEHOUSE_{name}", value)
    settings = read_settings()
    assert settings.pipelines == ("a.returns", "c")
    assert Path(settings.landing_of("returns", "own")).name == "drops"
    assert settings.zone_of("returns", "UTC") == "Europe/Paris"

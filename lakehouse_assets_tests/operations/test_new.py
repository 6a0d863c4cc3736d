"""What `lakehouse new` writes works at once, is never written over anything, and is gone where it would not work."""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout, suppress
from importlib import resources
from pathlib import Path

import pytest
import yaml

from lakehouse_assets.contracts import reader
from lakehouse_assets.errors import BadRequest
from lakehouse_assets.operations.cli import main
from lakehouse_assets.operations.options import chosen_pipeline
from lakehouse_assets.operations.scaffold import dataset, rule
from lakehouse_assets.operations.scaffold.columns import columns_of
from lakehouse_assets.operations.scaffold.project import Project, model_of
from lakehouse_assets_tests.operations.conftest import Result

COLUMNS = "id:BIGINT, sent:DATE, at:TIMESTAMP, weight:DECIMAL(8,3), tags:ARRAY<STRING>, note"
DROP = """id,sent,at,weight,tags,note
1,2025-04-01,2025-04-01T10:00:00Z,1.5,"[""a""]",x
,2025-04-01,2025-04-01T10:00:00Z,2,,y
"""
STOP = "parcel,stop,ok\n1,1,true\n"


class Folder:
    """A folder in which commands run, which know its package once it is there."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __call__(self, *arguments: str) -> Result:
        """Run the command in this process, in the folder."""
        out, err, is_there = io.StringIO(), io.StringIO(), (self.path / "parcels").exists()
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
            patch.syspath_prepend(self.path)
            patch.chdir(self.path)
            patch.setenv("LAKEHOUSE_PIPELINES", "parcels" if is_there else "lakehouse_assets.ecommerce")
            patch.setenv("LAKEHOUSE_LANDING", "drops")
            patch.setenv("LAKEHOUSE_LAKE", "lake")
            patch.setattr("sys.stdin", io.StringIO())
            code = main(list(arguments))
        for name in [name for name in sys.modules if name.partition(".")[0] == "parcels"]:
            del sys.modules[name]
        reader.contracts.cache_clear()
        return Result(code, out.getvalue(), err.getvalue())

    def files(self) -> dict[str, str]:
        """Return the text of every file of the package."""
        found = sorted(p for p in (self.path / "parcels").rglob("*") if p.is_file() and "__pycache__" not in p.parts)
        return {str(path.relative_to(self.path)): path.read_text("utf-8") for path in found}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """A pipeline, and in it a dataset, a model and a rule, as `new` writes them, with a drop of both datasets."""
    folder = Folder(tmp_path_factory.mktemp("new"))
    orders = (
        ["pipeline", "parcels", "--key", "id", "--columns", COLUMNS, "--sum", "weight"],
        ["dataset", "stops", "--key", "parcel,stop", "--columns", "parcel:BIGINT, stop:INT, ok:BOOLEAN"],
        ["model", "notes", "--from", "clean_parcels", "--key", "note", "--columns", "weight,at"],
        ["rule", "weight_high", "--table", "clean_parcels", "--when", "parse_decimal(weight, 8, 3) > 1",
         "--verdict", "warn", "--breaks", "weight=101"],
    )  # fmt: skip
    for order in orders:
        done = folder("new", *order)
        assert (done.code, done.err) == (0, "")
    for name, text in {"parcels": DROP, "stops": STOP}.items():
        (folder.path / "drops" / name).mkdir(parents=True)
        (folder.path / "drops" / name / "a.csv").write_text(text)
    return folder


def test_what_is_written_passes_its_checks_and_unit_tests(made: Folder) -> None:
    """Contracts and unit tests of all four kinds are right as they are written."""
    assert made("contracts", "check").out.splitlines()[-1].startswith("✔ no problems")
    done = made("test")
    assert (done.code, done.out.splitlines()[-1]) == (0, "✔ 7 passed")


def test_a_drop_is_loaded_at_once(made: Folder) -> None:
    """A run loads both datasets, judges by the rules, and builds both gold tables."""
    assert made("run").code == 0
    daily = made("sql", "SELECT * FROM parcels_gold.daily_parcels", "--format", "csv").out
    assert daily == "sent,records,weight\n2025-04-01,1,1.500\n"
    notes = made("sql", "SELECT note, records, weight FROM parcels_gold.notes", "--format", "csv").out
    assert notes == "note,records,weight\nx,1,1.500\n"
    assert made("sql", "SELECT ok FROM parcels_lakehouse.clean_stops", "--format", "csv").out == "ok\ntrue\n"


def test_a_new_rule_needs_no_new_major_version(made: Folder) -> None:
    """After a release one may add a rule and release again."""
    assert made("contracts", "--release").code == 0
    assert made("new", "rule", "note_x", "--table", "clean_parcels", "--when", "says(note, 'x')").code == 0
    assert made("contracts", "--release").code == 0


@pytest.mark.parametrize(
    ("order", "says"),
    [
        (["model", "notes", "--from", "clean_parcels", "--key", "note"], "there is a gold table `notes` already"),
        (["model", "more", "--from", "clean_parcels", "--key", "mood"], "has no column `mood`"),
        (["model", "more", "--from", "clean_parcels"], "--key is missing: columns of id, sent"),
        (["rule", "odd", "--table", "clean_parcels", "--when", "weight > 1"], "nothing was written"),
        (["rule", "odd", "--table", "notes", "--when", "TRUE"], "rules judge rows of silver tables"),
        (["rule", "odd", "--table", "clean_parcels", "--when", "blank(note)", "--breaks", "note=x"], "does not break"),
        (["dataset", "boxes", "--key", "a", "--columns", "a:NUMBER"], "`NUMBER` is no type; there are"),
        (["dataset", "Boxes", "--key", "a", "--columns", "a"], "`Boxes` is no name of a table"),
        (["pipeline", "parcels", "--key", "a", "--columns", "a"], "Python knows a module `parcels` already"),
    ],
)
def test_bad_input_leaves_the_package_as_it_was(made: Folder, order: list[str], says: str) -> None:
    """What cannot be is refused in one sentence, and every file stays as it was."""
    before = made.files()
    done = made("new", *order)
    assert done.code == 2
    assert says in done.err
    assert made.files() == before


@pytest.mark.parametrize("name", ["clean_orders", "clean_products"])
def test_a_rule_is_added_below_the_others(name: str) -> None:
    """A contract that people wrote keeps every character; the new rule is the last of its table's."""
    file = resources.files("lakehouse_assets.contracts") / "ecommerce" / f"{name}.yaml"
    before, own = file.read_text("utf-8"), dataset.rule("new_one", "warn", "odd: indeed", "blank(order_id)")
    after = rule.added(before, own)
    assert yaml.safe_load(after)["schema"][0]["quality"] == [*yaml.safe_load(before)["schema"][0]["quality"], own]
    assert next(line for line in after.splitlines() if line not in before.splitlines()).strip() == "- name: new_one"
    assert set(before.splitlines()) <= set(after.splitlines())


def test_commas_within_a_type_part_no_columns() -> None:
    """Digits of a DECIMAL and fields of a record are part of their column's type."""
    found = columns_of("a, b:DECIMAL(8,3), c:STRUCT<x: INT, y: STRING>", ["a"])
    assert [(column.name, column.type) for column in found] == [
        ("a", "STRING"), ("b", "DECIMAL(8,3)"), ("c", "STRUCT<x: INT, y: STRING>"),
    ]  # fmt: skip
    with pytest.raises(BadRequest, match="the key column `z` is none"):
        columns_of("a", ["z"])


def test_what_is_not_given_is_asked_on_a_terminal(tmp_path: Path) -> None:
    """Columns and key are typed in; the package that is made of them is complete."""
    leader, follower = pty.openpty()
    command = [str(Path(sys.executable).with_name("lakehouse")), "new", "pipeline", "parcels"]
    os.write(leader, b"id:BIGINT, sent:DATE, weight:DECIMAL(8,3)\nid\n")
    with subprocess.Popen(command, cwd=tmp_path, stdin=follower, stdout=follower, stderr=follower) as process:
        os.close(follower)
        shown = ""
        with suppress(OSError):  # the other side is closed
            while part := os.read(leader, 1 << 16):
                shown += part.decode()
    os.close(leader)
    assert (process.returncode, "columns (" in shown, "key (" in shown) == (0, True, True), shown
    assert "weight" in (tmp_path / "parcels/contracts/clean_parcels.yaml").read_text("utf-8")


def test_rows_without_a_key_are_a_group_or_said_to_be_left_out() -> None:
    """A text that is missing is `(none)`, as in the models that ship; a number cannot say so, so the SELECT does."""
    project = Project("ecommerce")
    by_text, by_number = (
        next(iter(model_of(project, "counted", project.table(table), [key], []).values()))
        for table, key in (("clean_products", "department"), ("clean_orders_items", "days_since_prior_order"))
    )
    assert "GROUP BY coalesce(\"department\", '(none)')" in by_text
    assert "WHERE" not in by_text
    assert "-- Rows without days_since_prior_order are in no group" in by_number


def test_a_misspelt_table_is_told_with_the_one_that_is_meant() -> None:
    """Also where several pipelines might have it."""
    with pytest.raises(BadRequest, match=r"there is no table `clean_order`; did you mean `clean_orders`\?"):
        chosen_pipeline(None, table="clean_order")

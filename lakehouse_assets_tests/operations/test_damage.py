"""Whatever file of a lake is damaged, every command that needs it says so in one sentence; `checks` is not green."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from lakehouse_assets_tests.operations.conftest import SECOND, Cli, Result, Shop, put

SILVER, GOLD = "delta_lakehouse.clean_orders", "ecommerce_gold.daily_sales"
ASK = {SILVER: f"SELECT sum(total_amount) AS amount FROM {SILVER}", GOLD: f"SELECT sum(amount) AS amount FROM {GOLD}"}
GARBAGE = b"{ this is not what was here"


def garble(file: Path) -> None:
    """Write something else over a file."""
    file.write_bytes(GARBAGE)


def cut(file: Path) -> None:
    """Keep the first half of a file."""
    data = file.read_bytes()
    file.write_bytes(data[: len(data) // 2])


def empty(file: Path) -> None:
    """Leave a file without a byte."""
    file.write_bytes(b"")


def scribble(file: Path) -> None:
    """Change all values of a Parquet file, and leave what stands at its end and says where they are."""
    data = bytearray(file.read_bytes())
    values = slice(4, len(data) - 8 - int.from_bytes(data[-8:-4], "little"))
    data[values] = b"x" * len(data[values])
    file.write_bytes(data)


DAMAGE: dict[str, tuple[str, str, Callable[[Path], None]]] = {
    "a log of other text": (SILVER, "lakehouse-dwh/clean_orders/_delta_log/*.json", garble),
    "a log that is cut": (SILVER, "lakehouse-dwh/clean_orders/_delta_log/*.json", cut),
    "a log that is empty": (SILVER, "lakehouse-dwh/clean_orders/_delta_log/*1.json", empty),
    "no log": (SILVER, "lakehouse-dwh/clean_orders/_delta_log/*", Path.unlink),
    "no data file": (SILVER, "lakehouse-dwh/clean_orders/*.parquet", Path.unlink),
    "a data file that is cut": (SILVER, "lakehouse-dwh/clean_orders/*.parquet", cut),
    "a data file with other bytes inside": (SILVER, "lakehouse-dwh/clean_orders/*.parquet", scribble),
    "no metadata": (GOLD, "ecommerce_gold/daily_sales/metadata/*.metadata.json", Path.unlink),
    "metadata of other text": (GOLD, "ecommerce_gold/daily_sales/metadata/*.metadata.json", garble),
    "manifests of other bytes": (GOLD, "ecommerce_gold/daily_sales/metadata/*.avro", garble),
    "manifests that are cut": (GOLD, "ecommerce_gold/daily_sales/metadata/*.avro", cut),
    "no data file of gold": (GOLD, "ecommerce_gold/daily_sales/data/*.parquet", Path.unlink),
    "a data file of gold that is cut": (GOLD, "ecommerce_gold/daily_sales/data/*.parquet", cut),
}


@pytest.fixture
def copy(cli: Cli, shown: Shop, tmp_path: Path) -> Shop:
    """A lake of this test's own, and a new drop."""
    lake = Shop(tmp_path / "lake", tmp_path / "landing")
    shutil.copytree(shown.lake, lake.lake)
    put(lake.landing, SECOND)
    assert cli("relocate", *lake.at).code == 0
    return lake


def one_sentence(result: Result, *parts: str) -> None:
    """The command failed with one line on stderr that holds these parts."""
    assert result.code == 1
    assert result.err.startswith("error: ")
    assert result.err.count("\n") == 1, result.err
    assert all(part in result.err for part in parts), result.err


@pytest.mark.parametrize(("table", "files", "damage"), DAMAGE.values(), ids=DAMAGE.keys())
def test_a_damaged_table_is_named_by_every_command_that_needs_it(
    cli: Cli, copy: Shop, table: str, files: str, damage: Callable[[Path], None]
) -> None:
    """And the other tables can still be asked; a run makes gold anew, and goes no further where silver is damaged."""
    found = list(copy.lake.glob(files))
    assert found
    for file in found:
        damage(file)
    sentence = (f"table `{table}` cannot be read: ", "from a backup of the lake")
    one_sentence(cli("sql", ASK[table], *copy.at), *sentence)
    one_sentence(cli("checks", *copy.at), *sentence)
    done = cli(*copy.run)
    if table == GOLD:
        assert (done.code, "daily_sales: rebuilt, " in done.out) == (0, True)
        assert cli("sql", ASK[GOLD], *copy.at, "--format", "csv").out == "amount\n35.75\n"
    else:
        one_sentence(done, *sentence, "lakehouse rebuild silver --pipeline ecommerce")
    other = GOLD if table == SILVER else SILVER
    assert cli("sql", ASK[other], *copy.at).code == 0


def test_gold_whose_bytes_changed_is_made_anew_as_the_sentence_says(cli: Cli, copy: Shop) -> None:
    """No run sees it by itself, since sizes are right; who reads it is told what to ask for."""
    before = cli("sql", ASK[GOLD], *copy.at).out
    for file in copy.lake.glob("ecommerce_gold/daily_sales/data/*.parquet"):
        scribble(file)
    way_out = "run ecommerce --select gold/daily_sales --full-refresh"
    one_sentence(cli("checks", *copy.at), f"table `{GOLD}` cannot be read: its file `", f"`lakehouse {way_out}`")
    one_sentence(cli("sql", ASK[GOLD], *copy.at), f"table `{GOLD}` cannot be read: ")
    done = cli(*way_out.split(), *copy.at)
    assert (done.code, "its file `" in done.out) == (0, True), done.out
    assert (cli("sql", ASK[GOLD], *copy.at).out, cli("checks", *copy.at).code) == (before, 0)


def test_bytes_that_changed_inside_a_data_file_are_named_by_who_reads_them(cli: Cli, copy: Shop) -> None:
    """DuckDB does not say of which file it speaks; the statement tells which table it is."""
    for file in copy.lake.glob("lakehouse-dwh/clean_orders/*.parquet"):
        scribble(file)
    asked = f"SELECT count(DISTINCT order_id) FROM {SILVER}"
    one_sentence(cli("sql", asked, *copy.at), f"table `{SILVER}` cannot be read: ")


@pytest.mark.parametrize("command", ["run", "checks", "optimize", "vacuum", "relocate"])
def test_a_spoilt_catalog_is_named_by_every_command_that_needs_it(cli: Cli, copy: Shop, command: str) -> None:
    """It is one file, which a backup has, or which a run makes anew."""
    garble(copy.lake / "catalog.db")
    result, ways = (
        cli(command, *copy.at),
        ("from a backup", "or move it away: the next `lakehouse run` makes gold anew"),
    )
    one_sentence(result, f"the catalog of gold tables `{copy.lake}/catalog.db` cannot be used: ", *ways)
    one_sentence(cli("sql", ASK[GOLD], *copy.at), f"`{copy.lake}/catalog.db`")


def test_a_spoilt_catalog_that_was_moved_away_is_made_anew(cli: Cli, copy: Shop) -> None:
    """The way out that the sentence tells: gold holds all days again, the one that came with this run too."""
    garble(copy.lake / "catalog.db")
    assert cli(*copy.run).code == 1
    (copy.lake / "catalog.db").rename(copy.lake / "catalog.db.spoilt")
    assert cli(*copy.run).code == 0
    assert cli("sql", ASK[GOLD], *copy.at, "--format", "csv").out == "amount\n35.75\n"
    assert (cli("checks", *copy.at).code, cli("optimize", *copy.at).code) == (0, 0)


@pytest.mark.parametrize("lose", [Path.unlink, lambda file: file.write_bytes(b"")], ids=["gone", "empty"])
def test_a_catalog_that_lost_its_tables_is_not_a_new_lake(cli: Cli, copy: Shop, lose: Callable[[Path], None]) -> None:
    """Gold is made anew, of all days and not of the touched ones alone."""
    lose(copy.lake / "catalog.db")
    assert cli("checks", *copy.at).code == 1
    told = "catalog.db` does not know it, though there are files in "
    one_sentence(cli("sql", ASK[GOLD], *copy.at), f"table `{GOLD}` cannot be read: ", told)
    done = cli(*copy.run)
    assert (done.code, done.out.count(told)) == (0, 3)
    assert cli("sql", ASK[GOLD], *copy.at, "--format", "csv").out == "amount\n35.75\n"


def test_a_table_that_was_lost_is_not_green(cli: Cli, copy: Shop) -> None:
    """Its checks have results, so it was there; a run says the same of it, and the same way out."""
    assert cli("checks", *copy.at).code == 0
    shutil.rmtree(copy.lake / "lakehouse-dwh/clean_orders")
    told = (
        f"table `{SILVER}` cannot be read: it is gone",
        "`lakehouse rebuild silver --pipeline ecommerce` makes it anew",
    )
    one_sentence(cli("checks", *copy.at), *told)
    one_sentence(cli(*copy.run), *told)


@pytest.mark.parametrize("command", ["run", "checks", "rejects list"])
def test_control_tables_are_tables_too(cli: Cli, copy: Shop, command: str) -> None:
    """Rejects, pending rows and the ledger are read by people and by runs."""
    for file in copy.lake.glob("lakehouse-dwh/ecommerce_rejects/_delta_log/*.json"):
        garble(file)
    arguments = copy.run if command == "run" else (*command.split(), *copy.at)
    one_sentence(cli(*arguments), "table `delta_lakehouse.ecommerce_rejects` cannot be read: ")


@pytest.mark.parametrize("kind", ["rejects", "pending", "run_ledger"])
def test_a_control_table_that_was_lost_is_not_green(cli: Cli, copy: Shop, kind: str) -> None:
    """Control tables have no checks; who reads one, and a run, say the same of it, and the same way out."""
    shutil.rmtree(copy.lake / f"lakehouse-dwh/ecommerce_{kind}")
    told = (
        f"table `delta_lakehouse.ecommerce_{kind}` cannot be read: it is gone, although runs have written it",
        "`lakehouse rebuild silver --pipeline ecommerce` makes it anew",
    )
    one_sentence(cli("checks", *copy.at), *told)
    one_sentence(cli(*copy.run), *told)
    one_sentence(cli("sql", f"SELECT * FROM delta_lakehouse.ecommerce_{kind}", *copy.at), *told)
    if kind != "run_ledger":
        asked = ("list", "pending") if kind == "rejects" else ("pending", "list")
        one_sentence(cli("rejects", asked[0], *copy.at), *told)
        one_sentence(cli("rejects", asked[1], *copy.at), *told)


def test_a_lake_that_no_run_has_written_has_lost_nothing(cli: Cli, tmp_path: Path) -> None:
    """Its tables are not there yet."""
    at = ("--lake", str(tmp_path / "lake"), "--landing", str(tmp_path / "landing"))
    (tmp_path / "landing").mkdir()
    cli("run", "ecommerce", *at)
    assert "cannot be read" not in cli("checks", *at[:2]).err
    asked = cli("rejects", "list", *at[:2], "--pipeline", "ecommerce")
    assert (asked.code, "is not there yet; `lakehouse run` creates it" in asked.err) == (2, True)


@pytest.mark.parametrize("command", ["run ecommerce", "checks", "status"])
def test_a_lake_below_a_file_is_told_as_what_it_is(cli: Cli, tmp_path: Path, command: str) -> None:
    """Nobody's rights are in the way, and no run could make it."""
    file = tmp_path / "file"
    file.write_text("x", "utf-8")
    done = cli(*command.split(), "--lake", file / "deep/lake")
    assert done.code == 2
    assert done.err == f"error: the lake `{file}/deep/lake` cannot be there: `{file}` is a file, not a folder\n"


def test_a_lake_as_it_was_made_is_whole(cli: Cli, copy: Shop) -> None:
    """No check appears for a table that can be read."""
    result = cli("checks", *copy.at)
    assert (result.code, result.err) == (0, "")
    assert "readable" not in result.out

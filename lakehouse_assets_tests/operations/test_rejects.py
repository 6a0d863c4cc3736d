"""`lakehouse rejects`: look, correct, replay once."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

from lakehouse_assets.operations.reject_rows import choose, read_corrections
from lakehouse_assets_tests.operations.conftest import Cli, Shop

AMOUNTS = "SELECT order_id, total_amount FROM delta_lakehouse.clean_orders ORDER BY order_id"


def test_list_counts_rows_by_file_and_code(cli: Cli, shown: Shop) -> None:
    """One order was rejected for its amount and is open."""
    (group,) = json.loads(cli("rejects", "list", "--format", "json", *shown.at).out)
    assert group == {
        "dataset": "orders", "file": "orders/2025-04-01.csv", "codes": "amount_invalid", "open": 1, "replayed": 0,
    }  # fmt: skip
    assert "amount_invalid" in cli("rejects", "list", *shown.at).out


def test_selections_narrow_the_list(cli: Cli, shown: Shop) -> None:
    """Another code, file or run has no rejects here, which is no error; a code that does not exist is."""
    for option in (("--code", "date_invalid"), ("--file", "orders/none.csv"), ("--run", "none")):
        assert "No row was rejected" in cli("rejects", "list", *option, *shown.at).out
    result = cli("rejects", "list", "--code", "keys_unique", *shown.at)
    assert result.code == 2
    assert "amount_invalid" in result.err


def test_show_gives_raw_text_or_a_csv_to_correct(cli: Cli, shown: Shop) -> None:
    """The table shows the record as it stands; the CSV has its place, codes and landing columns."""
    assert "3,102,8,2025-04-01T12:00:00,ten,2025-04-01" in cli("rejects", "show", *shown.at).out
    (row,) = csv.DictReader(io.StringIO(cli("rejects", "show", "--format", "csv", *shown.at).out))
    assert list(row) == [
        "_file", "_line", "_codes", "order_num", "order_id", "user_id", "order_timestamp", "total_amount", "date",
    ]  # fmt: skip
    assert (row["_file"], row["_line"], row["total_amount"]) == ("orders/2025-04-01.csv", "4", "ten")


def test_a_corrected_row_is_applied_once(cli: Cli, shop: Shop, tmp_path: Path) -> None:
    """Correct, replay, look: the order and the item that waited for it arrive, the reject is kept as replayed."""
    corrected = tmp_path / "corrected.csv"
    corrected.write_text(cli("rejects", "show", "--format", "csv", *shop.at).out.replace("ten", "10.25"))
    result = cli("rejects", "replay", "--with", corrected, *shop.at)
    assert result.code == 0
    assert "1 accepted, 0 still rejected, 0 pending" in result.out
    assert cli("sql", AMOUNTS, "--format", "csv", *shop.at).out.splitlines()[1:] == [
        "100,10.00",
        "101,20.50",
        "102,10.25",
    ]
    items = "SELECT count(*) AS n FROM delta_lakehouse.clean_orders_items"
    assert cli("sql", items, "--format", "csv", *shop.at).out == "n\n3\n"
    (group,) = json.loads(cli("rejects", "list", "--format", "json", *shop.at).out)
    assert (group["open"], group["replayed"]) == (0, 1)
    again = cli("rejects", "replay", "--with", corrected, *shop.at)
    assert (again.code, again.out) == (0, "Nothing to replay: no open rejected row meets this.\n")


def test_a_row_that_is_still_wrong_stays_open(cli: Cli, shop: Shop) -> None:
    """A replay without a correction rejects again, and says so; nothing is lost."""
    result = cli("rejects", "replay", "--code", "amount_invalid", *shop.at)
    assert result.code == 0
    assert "0 accepted, 1 still rejected, 0 pending" in result.out
    (group,) = json.loads(cli("rejects", "list", "--format", "json", *shop.at).out)
    assert (group["open"], group["replayed"]) == (1, 0)


def test_corrections_that_fit_nothing_are_bad_input(cli: Cli, shown: Shop, tmp_path: Path) -> None:
    """Rows that were never rejected, rows given twice, missing marks, unknown columns and no CSV are refused."""
    good = cli("rejects", "show", "--format", "csv", *shown.at).out
    wrong = {
        "was never rejected": good.replace(",4,", ",99,"),
        "comes more than once": good + good.splitlines()[1] + "\n",
        "lacks _line": good.replace("_line", "_row"),
        "unknown columns colour": good.replace("order_num", "colour"),
        "cannot be read": '_file,_line\n"x"y,3\n',
        "has not the": good + "a,b\n",
    }
    for problem, text in wrong.items():
        (tmp_path / "wrong.csv").write_text(text)
        result = cli("rejects", "replay", "--with", tmp_path / "wrong.csv", *shown.at)
        assert (result.code, problem in result.err) == (2, True), result.err
    assert cli("rejects", "replay", "--with", tmp_path / "none.csv", *shown.at).code == 2


def test_rows_that_were_replayed_are_left_out_of_a_correction(tmp_path: Path) -> None:
    """Of a file with one open and one replayed row, only the open one is read again."""
    path = tmp_path / "corrected.csv"
    path.write_text("_file,_line,order_id\na.csv,2,1\na.csv,3,2\n")
    corrections = read_corrections(path, ["order_id"])
    rejects = [{"file": "a.csv", "line": 2, "status": "replayed"}, {"file": "a.csv", "line": 3, "status": "open"}]
    wanted = choose(corrections, rejects, path)
    assert wanted == {("a.csv", "3")}
    assert corrections.for_rows(wanted) == b"_file,_line,order_id\na.csv,3,2\n"

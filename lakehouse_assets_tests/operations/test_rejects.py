"""`lakehouse rejects`: look, correct, replay once."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from lakehouse_assets.contracts import contracts
from lakehouse_assets.engines.duckdb import DuckEngine
from lakehouse_assets.engines.duckdb_tables import relation_of
from lakehouse_assets.errors import BadRequest
from lakehouse_assets.operations.correction_file import Fixes, choose, corrected_csv, read_header, to_csv
from lakehouse_assets.operations.reject_rows import STATUSES, rows_of, summary
from lakehouse_assets.storage.lake import open_lake
from lakehouse_assets_tests.operations.conftest import FIRST, ITEMS, ORDERS, Cli, Shop, put

AMOUNTS = "SELECT order_id, total_amount FROM delta_lakehouse.clean_orders ORDER BY order_id"


def test_list_counts_rows_by_file_and_code(cli: Cli, shown: Shop) -> None:
    """One order was rejected for its amount and is open."""
    (group,) = json.loads(cli("rejects", "list", "--format", "json", *shown.at).out)
    assert group == {
        "dataset": "orders", "file": "orders/2025-04-01.csv", "codes": "amount_invalid", "open": 1, "replayed": 0,
        "corrected": 0, "superseded": 0, "closed": 0,
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
    place, landed = "_file _line _etag _codes _raw", "order_num order_id user_id order_timestamp total_amount date"
    assert list(row) == [*place.split(), *landed.split()]
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
        "lacks the column order_num": good.replace("order_num,", "").replace(",3,102", ",102"),
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
    rejects = [rejected("x", line=2, status="replayed"), rejected("x", line=3)]
    assert chosen(path, rejects) == "_file,_line,_etag,order_id\na.csv,3,x,2\n"


def test_rows_of_two_files_of_one_name_are_told_apart(tmp_path: Path) -> None:
    """By etag; without it a correction that could mean either is refused."""
    path, rejects = tmp_path / "corrected.csv", [rejected("x"), rejected("y")]
    path.write_text("_file,_line,_etag,order_id\na.csv,2,y,1\n")
    assert chosen(path, rejects) == "_file,_line,_etag,order_id\na.csv,2,y,1\n"
    path.write_text("_file,_line,order_id\na.csv,2,1\n")
    with pytest.raises(BadRequest, match="say which in `_etag`"):
        chosen(path, rejects)


def test_the_first_row_that_corrects_nothing_is_told(tmp_path: Path) -> None:
    """Whatever is wrong with rows after it, and whichever etag it names."""
    path, rejects = tmp_path / "corrected.csv", [rejected("x"), rejected("x", line=3)]
    path.write_text("_file,_line,_etag,order_id\na.csv,2,x,1\na.csv,2,,1\na.csv,9,x,1\n")
    with pytest.raises(BadRequest, match="line 2 comes more than once"):
        chosen(path, rejects)
    path.write_text("_file,_line,_etag,order_id\na.csv,2,x,1\na.csv,3,y,1\na.csv,2,x,1\n")
    with pytest.raises(BadRequest, match="line 3 was never rejected"):
        chosen(path, rejects)


def rejected(etag: str, *, line: int = 2, status: str = "open", raw: str | None = None) -> dict[str, Any]:
    """The place, text and status of one reject."""
    return {"dataset": "orders", "file": "a.csv", "line": line, "etag": etag, "status": status, "raw": raw}


Known = dict[str, list[str]]


def chosen(
    path: Path, rejects: list[dict[str, Any]], columns: tuple[str, ...] = ("order_id",), known: Known | None = None
) -> str:
    """The corrections that a correction file brings for these rejects, as the load reads them."""
    contract = contracts("ecommerce")["control.ecommerce_rejects"]
    engine = DuckEngine(open_lake(str(path.parent)))
    try:
        kinds = {"line": pa.int32()}
        schema = pa.schema([(name, kinds.get(name, pa.string())) for name in rejects[0]])
        engine.register(relation_of(contract.catalog_name), pa.Table.from_pylist(rejects, schema))
        given = Fixes(path, read_header(path, columns), known or {})
        choose(engine, contract, {}, given)
        rows = rows_of(engine, "SELECT file, line, etag, fields FROM __fixed ORDER BY _row")
        return "".join(corrected_csv(rows, columns, given))
    finally:
        engine.close()


def test_a_replayed_row_stays_replayed_when_its_file_comes_again(cli: Cli, shop: Shop, tmp_path: Path) -> None:
    """The same bytes dropped once more are rejected once more, and leave the correction and its mark alone."""
    corrected = tmp_path / "corrected.csv"
    corrected.write_text(cli("rejects", "show", "--format", "csv", *shop.at).out.replace("ten", "10.25"))
    cli("rejects", "replay", "--with", corrected, *shop.at)
    put(shop.landing, {"orders/2025-04-01.csv": FIRST["orders/2025-04-01.csv"]})
    assert cli(*shop.run).code == 0
    (group,) = json.loads(cli("rejects", "list", "--format", "json", *shop.at).out)
    assert (group["open"], group["replayed"]) == (0, 1)


def test_rejects_are_closed_for_a_reason(cli: Cli, shop: Shop) -> None:
    """They stay in the table with it, are neither replayed nor shown any more, and stay closed when they come again."""
    closed = cli("rejects", "close", "--code", "amount_invalid", "--reason", " the till's test ", *shop.at)
    assert (closed.code, closed.out) == (0, "Closed 1 row.\n")
    put(shop.landing, {"orders/2025-04-01.csv": FIRST["orders/2025-04-01.csv"]})
    assert cli(*shop.run).code == 0
    (group,) = json.loads(cli("rejects", "list", "--format", "json", *shop.at).out)
    assert [group[status] for status in ("open", "replayed", "corrected", "closed")] == [0, 0, 0, 1]
    kept = "SELECT status, reason, replayed_by, raw FROM delta_lakehouse.ecommerce_rejects"
    assert json.loads(cli("sql", kept, "--format", "json", *shop.at).out) == [
        {"status": "closed", "reason": "the till's test", "replayed_by": None}
        | {"raw": "3,102,8,2025-04-01T12:00:00,ten,2025-04-01"}
    ]
    assert "No open rejected row" in cli("rejects", "show", *shop.at).out
    assert "Nothing to replay" in cli("rejects", "replay", *shop.at).out
    again = cli("rejects", "close", "--file", "orders/2025-04-01.csv", "--reason", "x", *shop.at)
    assert (again.code, again.out) == (0, "No open rejected row meets this.\n")


def test_rejects_are_not_closed_by_accident(cli: Cli, shown: Shop) -> None:
    """Without a selection, without a reason, or with a code that there is not."""
    for options, words in (
        (("--reason", "x"), "say which rows"),
        (("--code", "amount_invalid", "--reason", " "), "--reason is blank"),
        (("--code", "amount_invalid"), "reason"),
        (("--code", "none", "--reason", "x"), "there is no rule code `none`"),
    ):
        result = cli("rejects", "close", *options, *shown.at)
        assert (result.code, words in result.err) == (2, True), result.err
    (group,) = json.loads(cli("rejects", "list", "--format", "json", *shown.at).out)
    assert group["open"] == 1


def test_a_later_version_of_the_file_closes_its_rejects(cli: Cli, shop: Shop) -> None:
    """They are listed as corrected, and the order is in silver."""
    put(shop.landing, {"orders/2025-04-01.csv": FIRST["orders/2025-04-01.csv"].replace("ten", "10.25")})
    assert cli(*shop.run).code == 0
    (group,) = json.loads(cli("rejects", "list", "--format", "json", *shop.at).out)
    assert (group["open"], group["corrected"]) == (0, 1)
    assert "102,10.25" in cli("sql", AMOUNTS, "--format", "csv", *shop.at).out


def test_rejects_are_counted_by_code_or_by_file() -> None:
    """A row with two codes counts for each; what has most open rows comes first."""
    names = ("dataset", "file", "codes", "status", "n")
    counts = [
        dict(zip(names, row, strict=True))
        for row in (
            ("orders", "orders/a.csv", "amount_invalid,date_missing", "open", 2),
            ("orders", "orders/b.csv", "amount_invalid", "open", 1),
            ("orders", "orders/b.csv", "date_missing", "closed", 4),
            ("products", "products.csv", "row_malformed", "corrected", 9),
        )
    ]
    by_code = [(group["code"], group["open"], group["closed"]) for group in summary(counts, "code")]
    assert by_code == [("amount_invalid", 3, 0), ("date_missing", 2, 4), ("row_malformed", 0, 0)]
    by_file = [(group["file"], *(group[status] for status in STATUSES)) for group in summary(counts, "file")]
    assert by_file == [
        ("orders/a.csv", 2, 0, 0, 0, 0),
        ("orders/b.csv", 1, 0, 0, 0, 4),
        ("products.csv", 0, 0, 9, 0, 0),
    ]
    assert [group["codes"] for group in summary(counts)] == [row["codes"] for row in counts]


def test_the_summary_by_code_is_printed(cli: Cli, shown: Shop) -> None:
    """One line for each code."""
    assert json.loads(cli("rejects", "list", "--by", "code", "--format", "json", *shown.at).out) == [
        {"code": "amount_invalid", "open": 1, "replayed": 0, "corrected": 0, "superseded": 0, "closed": 0}
    ]


def test_a_correction_file_holds_what_stands_in_the_file(tmp_path: Path) -> None:
    """Also of a malformed row, which has no text by column; quotes and line ends come back as they were."""
    malformed = rejected("x", raw='5,"a\r\nb",c,d')
    text = "".join(to_csv([malformed | {"codes": "row_malformed", "fields": None}], ["order_id"], {}))
    (row,) = csv.DictReader(io.StringIO(text, newline=""))
    assert (row["_raw"], row["order_id"]) == ('5,"a\r\nb",c,d', "")
    path, nothing = tmp_path / "corrected.csv", "_file,_line,_etag,order_id\n"
    path.write_text(text, newline="")
    assert chosen(path, [malformed]) == nothing
    path.write_text(text.replace("\r\n", "\n"))
    assert chosen(path, [malformed]) == nothing
    path.write_text(text.replace(",c,d", ",c"))
    with pytest.raises(BadRequest, match=r"line 2 is corrected in `_raw`, which is not read"):
        chosen(path, [malformed])
    path.write_text(text.replace(',c,d",', ',c",7'))
    assert chosen(path, [malformed]) == f"{nothing}a.csv,2,x,7\n"


def test_a_malformed_row_that_comes_back_empty_is_no_correction(tmp_path: Path) -> None:
    """It cannot be shown by column; what `show` wrote for it must not take the place of its text."""
    (tmp_path / "same.csv").write_text("_file,_line,_etag,_codes,order_id\na.csv,2,x,row_malformed,\n")
    assert chosen(tmp_path / "same.csv", [rejected("x")]) == "_file,_line,_etag,order_id\n"


def test_a_malformed_row_is_handed_out_by_column_and_corrects_nothing_as_it_was(tmp_path: Path) -> None:
    """What can be read of it is in the columns; a changed value corrects it, and so does an emptied `_raw`."""
    path, known = tmp_path / "corrected.csv", {"orders": ["order_id", "user_id"]}
    malformed, columns = rejected("x", raw='5,"7"x,too,many'), ("order_id", "user_id")
    written = malformed | {"codes": "row_malformed", "fields": None}
    text = "".join(to_csv([written], columns, known))
    assert text.splitlines()[1] == 'a.csv,2,x,row_malformed,"5,""7""x,too,many",5,7x'
    nothing = "_file,_line,_etag,order_id,user_id\n"
    path.write_text(text)
    assert chosen(path, [malformed], columns, known) == nothing
    path.write_text(text.replace(",5,7x", ",5,7"))
    assert chosen(path, [malformed], columns, known) == f"{nothing}a.csv,2,x,5,7\n"
    path.write_text(text.replace('"5,""7""x,too,many"', ""))
    assert chosen(path, [malformed], columns, known) == f"{nothing}a.csv,2,x,5,7x\n"


def test_a_malformed_row_is_corrected_from_what_show_writes(cli: Cli, shop: Shop, tmp_path: Path) -> None:
    """A field too many is put right by hand; before the replay it is said which row, and after it what became of it."""
    put(shop.landing, {"orders/more.csv": ORDERS + "1,104,7,2025-04-02T10:00:00,4.50,2025-04-02,more\n"})
    assert cli(*shop.run).code == 0
    path = tmp_path / "fix.csv"
    path.write_text(cli("rejects", "show", "--code", "row_malformed", "--format", "csv", *shop.at).out)
    for given in (["--with", path, "--dry-run"], ["--with", path]):
        assert "Nothing to replay" in cli("rejects", "replay", *given, *shop.at).out
    path.write_text(path.read_text().replace(",4.50,2025-04-02,more", "").replace(",4.50,", ",4.75,"))
    asked = cli("rejects", "replay", "--with", path, "--dry-run", *shop.at)
    assert asked.out == "To replay: 1 row, by code: row_malformed 1; by file: orders/more.csv 1\n"
    done = cli("rejects", "replay", "--with", path, *shop.at).out
    assert done.startswith(asked.out)
    assert "1 accepted, 0 still rejected, 0 pending.\nOpen now: 1 row, by code: amount_invalid 1" in done
    assert "104,4.75" in cli("sql", AMOUNTS, "--format", "csv", *shop.at).out


def test_totals_are_below_the_list_and_waiting_rows_beside_it(cli: Cli, shown: Shop) -> None:
    """One reject in one file, and an item that waits for its order."""
    out = cli("rejects", "list", *shown.at).out
    assert "Total: 1 rejected row of 1 file: 1 open\n" in out
    assert "Open by code: amount_invalid 1\n" in out
    assert "Open by file: orders/2025-04-01.csv 1\n" in out
    assert "1 row waits for a parent: `lakehouse rejects pending`" in out
    waiting = cli("rejects", "pending", *shown.at).out
    assert re.search(r"unknown_order +102 +1 *$", waiting, re.MULTILINE)
    assert "Total: 1 row waiting; each is rejected 7 days after it came." in waiting
    (group,) = json.loads(cli("rejects", "pending", "--format", "json", *shown.at).out)
    assert (group["file"], group["n"]) == ("order_items/2025-04-01.csv", 1)


def test_waiting_rows_say_which_known_key_they_may_have_meant(cli: Cli, shop: Shop) -> None:
    """One tool has written the order's number as a float, another one with a leading zero."""
    rows = [f"9{n},{key},8,,2,1,0,2025-04-01T11:00:00,2025-04-01" for n, key in enumerate(("101.0", "101.0", "0100"))]
    put(shop.landing, {"order_items/odd.csv": ITEMS + "\n".join([*rows, ""])})
    cli(*shop.run)
    found = [line.split() for line in cli("rejects", "pending", *shop.at).out.splitlines()]
    assert ["unknown_order", "101.0", "2", "101"] in found
    assert ["unknown_order", "0100", "1", "100"] in found
    groups = json.loads(cli("rejects", "pending", "--format", "json", *shop.at).out)
    assert {"code": "unknown_order", "key": "101.0", "rows": 2, "known": "101"} in groups[-1]["waits_for"]


def test_a_long_text_is_shortened_in_the_table_only(cli: Cli, shop: Shop) -> None:
    """100,000 characters would be pages of it; JSON and CSV have them all."""
    put(shop.landing, {"orders/long.csv": f"{ORDERS}{'x' * 100_000}\n"})
    cli(*shop.run)
    asked = ("rejects", "show", "--file", "orders/long.csv", *shop.at)
    shown = cli(*asked).out
    assert "(100,000" in shown
    assert 400 < shown.count("x") < 600
    assert cli(*asked, "--format", "json").out.count("x") >= 100_000


def test_json_holds_objects_and_times_in_one_form(cli: Cli, shown: Shop) -> None:
    """What is JSON within a text is read; moments look as those of `lakehouse sql` do."""
    (row,) = json.loads(cli("rejects", "show", "--format", "json", *shown.at).out)
    assert row["fields"]["total_amount"] == "ten"
    (asked,) = json.loads(
        cli("sql", "SELECT rejected_at FROM delta_lakehouse.ecommerce_rejects", "--format", "json", *shown.at).out
    )
    assert row["rejected_at"] == asked["rejected_at"]
    assert row["rejected_at"][10] == " "


def test_a_table_of_very_many_rejects_ends_with_a_word(cli: Cli, shown: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody reads it to its end, and printing 400,000 rows takes minutes; a program gets all of them."""
    monkeypatch.setattr("lakehouse_assets.operations.rejects.SHOWN_ROWS", 0)
    assert "0 of 1 rows are shown; --format csv writes all." in cli("rejects", "show", *shown.at).out
    assert len(json.loads(cli("rejects", "show", "--format", "json", *shown.at).out)) == 1


def test_a_code_that_there_is_not_is_told_with_the_one_that_is_meant(cli: Cli, shown: Shop) -> None:
    """Where none is near, ten of them are named, and how many more there are."""
    near = cli("rejects", "list", "--code", "amount_invald", *shown.at)
    assert (near.code, near.err) == (
        2,
        "error: there is no rule code `amount_invald`; did you mean `amount_invalid`?\n",
    )
    told = cli("rejects", "close", "--code", "nope", "--reason", "none", *shown.at)
    ten = (
        "amount_invalid, amount_not_positive, cart_position_invalid, date_invalid, date_mismatch, date_missing, "
        "days_invalid, item_id_missing, order_id_missing, product_id_missing"
    )
    assert (told.code, told.err) == (2, f"error: there is no rule code `nope`; there are: {ten} and 7 more\n")


def test_rejects_can_be_listed_by_a_code_that_only_warns(cli: Cli, shown: Shop) -> None:
    """Such a code stands beside one that rejects; here there is none, which is no error."""
    assert cli("rejects", "list", "--code", "amount_not_positive", *shown.at).code == 0

"""`lakehouse sql`: formats, time travel, and what is refused."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lakehouse_assets.operations.answers import json_value
from lakehouse_assets_tests.operations.conftest import FIRST, SECOND, Cli, Shop, put

ALL_KINDS = (
    "SELECT DATE '2025-04-01' AS d, TIMESTAMP '2025-04-01 10:00:00' AS t, CAST(1.50 AS DECIMAL(18,2)) AS n, "
    "CAST(NULL AS VARCHAR) AS nothing, '' AS empty, 'a,\"b\"' AS text, true AS yes, 7 AS seven"
)
AMOUNT = "SELECT count(*) AS n, sum(total_amount) AS amount FROM delta_lakehouse.clean_orders"
REFUSED = (
    "DELETE FROM delta_lakehouse.clean_orders",
    "INSERT INTO delta_lakehouse.clean_orders SELECT * FROM delta_lakehouse.clean_orders",
    "CREATE TABLE t AS SELECT 1 AS a",
    "DROP TABLE delta_lakehouse.clean_orders",
    "SELECT 1; DROP TABLE delta_lakehouse.clean_orders",
    "SET threads = 1",
    "COPY (SELECT 1) TO 'out.csv'",
    "SELEC 1",
    "SELECT * FROM read_csv('/etc/hostname')",
    "SELECT * FROM '/etc/hostname'",
    "",
)


def test_csv_has_a_header_and_tells_null_from_empty(cli: Cli, shown: Shop) -> None:
    """NULL is an empty field, an empty text is quoted, and commas and quotes come back through a CSV reader."""
    out = cli("sql", ALL_KINDS, "--format", "csv", *shown.at).out
    assert out.splitlines()[0] == "d,t,n,nothing,empty,text,yes,seven"
    assert ',1.50,,"",' in out
    row = next(csv.DictReader(io.StringIO(out)))
    assert row["text"] == 'a,"b"'
    assert (row["d"], row["t"], row["yes"]) == ("2025-04-01", "2025-04-01 10:00:00", "true")


def test_json_has_real_nulls_and_exact_decimals(cli: Cli, shown: Shop) -> None:
    """A list of objects: null, true and whole numbers are JSON's own, decimals are text."""
    (row,) = json.loads(cli("sql", ALL_KINDS, "--format", "json", *shown.at).out)
    assert row["nothing"] is None
    assert row["yes"] is True
    assert (row["n"], row["seven"], row["d"], row["t"]) == ("1.50", 7, "2025-04-01", "2025-04-01 10:00:00")


def test_whole_numbers_beyond_64_bits_are_text() -> None:
    """JSON readers cut such numbers, so they are given as text; smaller ones are numbers."""
    assert [json_value(n) for n in (2**63 - 1, 2**63)] == [2**63 - 1, "9223372036854775808"]


def test_an_answer_without_rows_has_a_header(cli: Cli, shown: Shop) -> None:
    """No row is an empty list in JSON, and just the header in CSV."""
    query = "SELECT order_id FROM delta_lakehouse.clean_orders WHERE order_id = 'none'"
    assert json.loads(cli("sql", query, "--format", "json", *shown.at).out) == []
    assert cli("sql", query, "--format", "csv", *shown.at).out == "order_id\n"


def test_a_table_shows_null_and_counts_rows(cli: Cli, shown: Shop) -> None:
    """For people NULL is written out."""
    out = cli("sql", ALL_KINDS, *shown.at).out
    assert "NULL" in out
    assert out.splitlines()[-1] == "1 row"


@pytest.mark.parametrize(
    ("table", "rows"),
    [
        ("delta_lakehouse.clean_orders", 2),
        ("delta_lakehouse.CLEAN_ORDERS_ITEMS", 2),
        ("awsdatacatalog.delta_lakehouse.clean_products", 2),
        ("delta_lakehouse.ecommerce_rejects", 1),
        ("delta_lakehouse.ecommerce_pending", 1),
        ("ecommerce_gold.daily_sales", 2),
    ],
)
def test_tables_are_there_by_their_catalog_names(cli: Cli, shown: Shop, table: str, rows: int) -> None:
    """Silver, side and gold tables can be asked, whatever the case, with Athena's catalog or without."""
    assert cli("sql", f"SELECT count(*) AS n FROM {table}", "--format", "csv", *shown.at).out == f"n\n{rows}\n"


def test_integers_divide_as_in_athena(cli: Cli, shown: Shop) -> None:
    """A quotient of whole numbers is a whole number, for columns as for literals."""
    query = "SELECT count(*) / 3 AS a, max(_line) / 2 AS b, 7 / 2 AS c FROM delta_lakehouse.clean_orders"
    assert cli("sql", query, "--format", "csv", *shown.at).out == "a,b,c\n0,1,3\n"


def test_columns_of_one_name_are_told_apart(cli: Cli, shown: Shop) -> None:
    """Neither of two columns with one name is lost in JSON."""
    (row,) = json.loads(cli("sql", "SELECT 1 AS a, 2 AS a", "--format", "json", *shown.at).out)
    assert row == {"a": 1, "a_2": 2}


def test_a_table_is_a_page_and_says_how_many_rows_there_are(cli: Cli, shown: Shop) -> None:
    """Fifty rows, unless others are asked for; 0 is all of them. CSV has all, unless it is told to stop."""
    query = ("sql", "SELECT n FROM UNNEST(sequence(1001, 2234)) AS t(n)", *shown.at)
    assert cli(*query).out.splitlines()[-1].startswith("1,234 rows; the first 50 are shown (--limit 0 shows all")
    assert "1051" not in cli(*query).out
    assert "1002" in cli(*query, "--limit", 2).out
    assert "1003" not in cli(*query, "--limit", 2).out
    assert cli(*query, "--limit", 0).out.splitlines()[-1] == "1,234 rows"
    assert len(cli(*query, "--format", "csv").out.splitlines()) == 1235
    assert cli(*query, "--format", "csv", "--limit", 1).out == "n\n1001\n"


def test_ndjson_is_an_object_a_line(cli: Cli, shown: Shop) -> None:
    """Each line stands for itself."""
    out = cli("sql", "SELECT a FROM (VALUES 1, 2) AS t(a) ORDER BY 1", "--format", "ndjson", *shown.at).out
    assert out == '{"a":1}\n{"a":2}\n'


def test_the_statement_comes_from_a_file_or_from_stdin(
    cli: Cli, shown: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Comments before it do not matter; it is given once."""
    file = tmp_path / "question.sql"
    file.write_text("-- how many\nSELECT count(*) AS n\nFROM delta_lakehouse.clean_orders;\n")
    assert cli("sql", "--file", file, "--format", "csv", *shown.at).out == "n\n2\n"
    monkeypatch.setattr("sys.stdin", io.StringIO("SHOW SCHEMAS;"))
    assert cli("sql", "-", "--format", "csv", *shown.at).out == "database_name\ndelta_lakehouse\necommerce_gold\n"
    assert "cannot be read: No such file" in cli("sql", "--file", tmp_path / "none.sql", *shown.at).err
    assert "is given twice" in cli("sql", "SELECT 1", "--file", file, *shown.at).err
    assert "--file FILE, or as - for stdin" in cli("sql", *shown.at).err


def test_two_million_rows_take_no_more_memory_than_one(shown: Shop) -> None:
    """They are written while they come: the process stays below 160 MB, of which it is 100 MB before any row."""
    query = "SELECT a * 1000 + b AS n, 'words' AS w FROM UNNEST(sequence(1, 2000)) AS x(a) CROSS JOIN UNNEST(sequence(1, 1000)) AS y(b)"  # fmt: skip # noqa: E501
    command = [str(Path(sys.executable).with_name("lakehouse")), "sql", query, "--format", "csv", *shown.at]
    rows = held = 0
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        while chunk := process.stdout.read(1 << 20):
            rows += chunk.count(b"\n")
            most = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{process.pid}/status").read_text())
            held = int(most[1]) if most else held  # it has ended
    assert (process.returncode, rows) == (0, 2_000_001)
    assert 0 < held < 160 * 1024


def test_a_reader_that_has_seen_enough_is_no_error(shown: Shop) -> None:
    """`lakehouse sql … | head -n 2` ends well, without a word."""
    lakehouse = Path(sys.executable).with_name("lakehouse")
    query = "SELECT n FROM UNNEST(sequence(1, 300000)) AS t(n)"
    line = f"set -o pipefail; {lakehouse} sql '{query}' --format csv --lake {shown.lake} | head -n 2"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "n\n1\n", "")


@pytest.mark.parametrize(
    ("query", "answer"),
    [
        ("SELECT avg(total_amount) AS a, sum(total_amount) / 4 AS s FROM delta_lakehouse.clean_orders", "15.25,7.63"),
        ("SELECT 7 / 2 AS a, 1.0 / 3 AS s", "3,0.3"),
        ("SELECT 1e0 / 0 AS a, 0e0 / 0 AS s", "Infinity,NaN"),
        ("SELECT TIMESTAMP '2025-04-01 10:00:00.5 UTC' AS a, TIMESTAMP '2025-04-01 10:00:00' AS s",
         "2025-04-01 10:00:00.500000,2025-04-01 10:00:00"),
    ],
)  # fmt: skip
def test_values_are_those_of_athena(cli: Cli, shown: Shop, query: str, answer: str) -> None:
    """Decimals stay decimals, whole numbers whole; times have one form."""
    assert cli("sql", query, "--format", "csv", *shown.at).out == f"a,s\n{answer}\n"


def test_nothing_is_divided_by_zero(cli: Cli, shown: Shop) -> None:
    """The error has Athena's name."""
    result = cli("sql", "SELECT 1 / 0", *shown.at)
    assert (result.code, result.err) == (2, "error: DIVISION_BY_ZERO: Division by zero\n")


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("SELECT * FROM", "a table name is missing after `FROM` (line 1, column 13)"),
        ("SELECT a *", "something is missing after `*` (line 1, column 10)"),
        ("SELECT 1 FROM WHERE x", "a table name is missing before `WHERE` (line 1, column 19)"),
        ("SELECT (1", "`)` is missing after `1` (line 1, column 9)"),
        ("SELECT 'a", "a quote or a comment that begins in it does not end"),
        ("SELECT a b c", "`c` is not expected after `b` (line 1, column 12)"),
        ("SHOW foo", "`SHOW foo` is not answered: what can be shown are TABLES, VIEWS, "),
        ("SELECT foo(1)", "error: there is no function `foo`"),
        ("SELECT CAST('abc' AS INT)", "error: 'abc' cannot be cast to INTEGER\n"),
        ("SELECT CAST(300 AS TINYINT)", "error: 300 has no room in TINYINT\n"),
        ("SELECT 2147483647 + 1", "error: the addition `2147483647 + 1` has no room in INTEGER\n"),
        ("SELECT length(1)", "error: `length` takes no (INTEGER), it takes `length(VARCHAR)`"),
        ("SELECT 'a' + 1", "error: `+` takes no (VARCHAR, INTEGER); a CAST may help\n"),
        ("SELECT b FROM (SELECT 1 AS a)", "error: there is no column `b`; near to it: `a`\n"),
        ("SELECT a, sum(b) FROM (SELECT 1 AS a, 2 AS b)", "`a` is neither in GROUP BY nor in an aggregate function\n"),
        ("SELECT (SELECT a FROM (SELECT 1 AS a UNION ALL SELECT 2))", "stands for one value gave several rows\n"),
        ("SHOW TABLES IN nowhere", "there is no database `nowhere`; there are: "),
        (
            "SELECT * FROM clean_orders",
            "there is no table `clean_orders`; did you mean `delta_lakehouse.clean_orders`?",
        ),
    ],
)
def test_no_words_of_a_parser_are_told(cli: Cli, shown: Shop, query: str, problem: str) -> None:
    """What is wrong is said in words of SQL, with the place."""
    result = cli("sql", query, *shown.at)
    assert (result.code, problem in result.err) == (2, True), result.err
    assert not [word for word in ("oken", "class", "INT32", "_LITERAL", "Scalar") if word in result.err]


def test_show_tells_what_the_lake_holds(cli: Cli, shown: Shop, tmp_path: Path) -> None:
    """A table that no run has made, or that is gone, is not listed and not described; an empty folder has none."""
    assert cli("sql", "SHOW TABLES", "--format", "csv", "--lake", tmp_path).out == "table,layer,description\n"
    lake = tmp_path / "lake"
    shutil.copytree(shown.lake, lake)
    assert cli("relocate", "--lake", lake).code == 0
    listed = cli("sql", "SHOW TABLES", "--format", "csv", "--lake", lake).out
    assert ("delta_lakehouse.clean_orders," in listed, "affise" in listed) == (True, False)
    shutil.rmtree(lake / "lakehouse-dwh" / "clean_orders")
    assert "delta_lakehouse.clean_orders," not in cli("sql", "SHOW TABLES", "--format", "csv", "--lake", lake).out
    for question in ("DESCRIBE {}", "SHOW COLUMNS IN {}", "SHOW CREATE TABLE {}", "EXPLAIN SELECT * FROM {}"):
        told = cli("sql", question.format("delta_lakehouse.clean_orders"), "--lake", lake).err
        assert "clean_orders` cannot be read: it is gone, although runs have written it" in told


def test_show_and_explain_in_words_of_athena(cli: Cli, shown: Shop) -> None:
    """Columns, the statement that would make a table, and the plan of a question."""
    assert cli("sql", "SHOW COLUMNS IN ecommerce_gold.user_orders", "--format", "csv", *shown.at).out.startswith(
        "field\nuser_id\n"
    )
    made = cli("sql", "SHOW CREATE TABLE ecommerce_gold.daily_sales", *shown.at, "--format", "json").out
    assert "CREATE TABLE IF NOT EXISTS `ecommerce_gold`.`daily_sales` (\\n  `date` date COMMENT" in made
    assert "'table_type' = 'ICEBERG'" in made
    plan = cli("sql", "EXPLAIN SELECT max(date) FROM ecommerce_gold.daily_sales WHERE orders > 1", *shown.at).out
    assert "AGGREGATE" in plan


def test_what_has_no_name_or_size_has_that_of_athena(cli: Cli, shown: Shop) -> None:
    """A column without a name is called by its place from 0, and a decimal has the digits that stand there."""
    asked = "SELECT DECIMAL '1.50' / 4, 1 AS one, count(*), CAST('2.5' AS DECIMAL), DECIMAL '12345678901234567890.12'"
    out = cli("sql", asked, "--format", "csv", *shown.at).out
    assert out == "_col0,one,_col2,_col3,_col4\n0.38,1,1,3,12345678901234567890.12\n"


@pytest.mark.parametrize(
    ("query", "answer"),
    [
        ("SELECT *, count(*) OVER () FROM (SELECT 1 AS a, 2 AS b)", "a,b,_col2\n1,2,1\n"),
        ("SELECT a FROM (SELECT (a) FROM (SELECT 7 AS a))", "a\n7\n"),
        ("SELECT (a), CAST(a AS VARCHAR) FROM (SELECT 7 AS a)", "a,_col1\n7,7\n"),
        ("SELECT (SELECT 1), 2 ORDER BY 1", "_col0,_col1\n1,2\n"),
        ("SELECT a + 1, a FROM (SELECT 1 AS a UNION ALL SELECT 2) ORDER BY 1 DESC", "_col0,a\n3,2\n2,1\n"),
        ("SELECT 1 UNION ALL SELECT 2 ORDER BY 1", "_col0\n1\n2\n"),
        ("SELECT max(a), count(*) FROM (SELECT 1 AS a) HAVING count(*) > 0", "_col0,_col1\n1,1\n"),
        ("SELECT a, x FROM (SELECT ARRAY[1, 2] AS a) CROSS JOIN UNNEST(a) AS t(x) WHERE x IN (SELECT 1 + 1)", "a,x\n"),
        ("SELECT DECIMAL '0.5' * 2, 0.25 / 2", "_col0,_col1\n1.0,0.13\n"),
    ],
)
def test_columns_have_the_names_that_athena_gives(cli: Cli, shown: Shop, query: str, answer: str) -> None:
    """Their own, and else their place among all columns that are given."""
    done = cli("sql", query, "--format", "csv", *shown.at)
    assert done.out.startswith(answer), done.err


def test_no_partitions_and_no_views(cli: Cli, shown: Shop) -> None:
    """A table that is not partitioned is said to be none; no table of a lake is a view."""
    done = cli("sql", "SHOW PARTITIONS delta_lakehouse.clean_orders", *shown.at)
    assert (done.code, done.err) == (2, "error: table `delta_lakehouse.clean_orders` has no partitions\n")
    assert cli("sql", "SHOW VIEWS", "--format", "csv", *shown.at).out == "views\n"


def test_show_tables_and_describe(cli: Cli, shown: Shop) -> None:
    """The catalog can be looked at."""
    assert "ecommerce_gold.user_orders" in cli("sql", "SHOW TABLES IN ecommerce_gold;", *shown.at).out
    out = cli("sql", "DESCRIBE delta_lakehouse.clean_orders", "--format", "csv", *shown.at).out
    assert "total_amount,decimal(18,2)" in out.replace('"', "")


@pytest.mark.parametrize("query", REFUSED)
def test_anything_but_one_question_is_refused(cli: Cli, shown: Shop, query: str) -> None:
    """Writing, several statements, other files and nonsense are bad input, in one sentence."""
    result = cli("sql", query, *shown.at)
    assert result.code == 2
    assert result.err.startswith("error: ")
    assert result.err.count("\n") == 1


def test_an_unknown_table_lists_those_that_there_are(cli: Cli, shown: Shop) -> None:
    """A wrong name is answered with the right ones."""
    result = cli("sql", "SELECT * FROM orders", *shown.at)
    assert result.code == 2
    assert "there is no table `orders`; there are: " in result.err
    assert "there are: delta_lakehouse.clean_orders, " in result.err


def test_an_unknown_column_is_bad_input(cli: Cli, shown: Shop) -> None:
    """The column is named."""
    result = cli("sql", "SELECT colour FROM delta_lakehouse.clean_orders", *shown.at)
    assert result.code == 2
    assert "colour" in result.err


def test_a_table_that_no_run_made_yet_is_bad_input(cli: Cli, tmp_path: object) -> None:
    """In a lake without runs the tables are known, but not there."""
    result = cli("sql", AMOUNT, "--lake", tmp_path)
    assert result.code == 2
    assert "is not there yet" in result.err


def test_time_travel_shows_delta_and_iceberg_as_they_were(cli: Cli, shop: Shop) -> None:
    """After a second day, a time in between still answers with the first day's two orders of 30.50."""
    between = datetime.now(UTC).isoformat()
    time.sleep(0.01)  # commit times are whole milliseconds
    put(shop.landing, SECOND)
    cli(*shop.run)
    gold = "SELECT sum(orders) AS n, sum(amount) AS amount FROM ecommerce_gold.user_orders"
    for query in (AMOUNT, gold):
        assert cli("sql", query, "--format", "csv", *shop.at).out == "n,amount\n3,35.75\n"
        assert cli("sql", query, "--format", "csv", "--as-of", between, *shop.at).out == "n,amount\n2,30.50\n"


def test_a_gold_table_that_holds_nothing_yet_is_empty_at_any_time_since(cli: Cli, tmp_path: Path) -> None:
    """Only products landed, so no buyer is known: none now, and none then."""
    put(tmp_path / "landing", {"products.csv": FIRST["products.csv"]})
    assert cli("run", "ecommerce", "--lake", tmp_path / "lake", "--landing", tmp_path / "landing").code == 0
    query = ("sql", "SELECT count(*) AS n FROM ecommerce_gold.user_orders", "--format", "csv")
    assert cli(*query, "--as-of", "2100-01-01", "--lake", tmp_path / "lake").out == "n\n0\n"


@pytest.mark.parametrize("table", ["delta_lakehouse.clean_orders", "ecommerce_gold.daily_sales"])
def test_before_a_table_existed_is_bad_input(cli: Cli, shown: Shop, table: str) -> None:
    """The sentence says when the table began."""
    result = cli("sql", f"SELECT * FROM {table}", "--as-of", "2020-01-01", *shown.at)
    assert result.code == 2
    assert "did not exist at 2020-01-01 00:00:00.000 UTC; its first commit is of 20" in result.err


def test_a_time_that_is_none_is_bad_input(cli: Cli, shown: Shop) -> None:
    """The form of a time is shown."""
    result = cli("sql", AMOUNT, "--as-of", "yesterday", *shown.at)
    assert result.code == 2
    assert "2025-04-03T12:00:00Z" in result.err

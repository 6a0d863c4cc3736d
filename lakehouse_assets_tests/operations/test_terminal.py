"""What people see on a terminal: progress while a run goes on, and text that is right whatever the terminal is."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import struct
import sys
import termios
from pathlib import Path

import pytest
from rich.console import Console

from lakehouse_assets.operations import terminal
from lakehouse_assets.operations.cli import main
from lakehouse_assets_tests.operations.conftest import ORDERS, Cli, Shop, process, put

NAMES = {
    "checks": {"silver/clean_orders_items"},
    "rejects": {"orders/2025-04-01.csv", "order_items/2025-04-01.csv"},
    "sql": {"delta_lakehouse.clean_orders_items", "days_since_prior_order"},
}
"""Names that have to be whole in what some commands print."""
CODES = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]")


def seen(*arguments: str, width: int = 80, **environment: str) -> tuple[int, bytes]:
    """How the installed command ends on a terminal of this width, and all that the terminal gets."""
    command = str(Path(sys.executable).with_name("lakehouse"))
    child, screen = pty.fork()
    if child == 0:
        # Here, not by the parent, which may come too late.
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
        # The width of the terminal that started the tests must not go before the one that is set.
        inherited = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
        os.execve(command, [command, *arguments], inherited | {"TERM": "xterm"} | environment)  # noqa: S606 - our own command
    parts = []
    while True:
        try:
            part = os.read(screen, 1 << 16)
        except OSError:  # the other side is closed
            break
        if not part:
            break
        parts.append(part)
    os.close(screen)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), b"".join(parts)


@pytest.fixture
def large(tmp_path: Path) -> Shop:
    """A shop in whose landing lie 300,000 orders in three files."""
    shop = Shop(tmp_path / "lake", tmp_path / "landing")
    for file in range(3):
        rows = (f"1,{file}{n:06},7,2025-04-01T10:00:00,1.25,2025-04-01\n" for n in range(100_000))
        put(shop.landing, {f"orders/{file}.csv": ORDERS + "".join(rows)})
    return shop


def test_a_terminal_shows_files_bytes_rows_and_what_is_done(large: Shop) -> None:
    """One line at a time, gone when the run is over; what is printed below it has no code but for clearing it."""
    code, screen = seen(*large.run, NO_COLOR="1")
    assert code == 0
    shown = CODES.sub(b"\n", screen).decode()
    assert re.search(r"ecommerce_silver: reading: \d of 3 files, \d+ of 14 MB(, [\d,]+ rows)?, \d+ s", shown)
    assert "writing clean_orders: 300,000 rows" in shown
    assert "building daily_sales" in shown
    assert re.search(r"bronze ecommerce_manifest.*ecommerce_silver.*gold user_orders.*✔ succeeded", shown, re.DOTALL)
    assert screen.rindex(b"\x1b[?25h") < screen.index("✔".encode())  # the cursor is back before the report


def test_a_terminal_that_cannot_go_back_gets_the_report_alone(shop: Shop) -> None:
    """As in an editor's window."""
    code, screen = seen(*shop.run, TERM="dumb")
    assert code == 0
    assert screen.startswith("✔ nothing to do".encode())
    assert not CODES.search(screen)


def test_a_terminal_without_the_characters_gets_others(shop: Shop) -> None:
    """In ASCII a mark is a sign of it, a table has ASCII lines, and an error none of its own."""
    put(shop.landing, {"orders/1.csv": ORDERS + "1,77,7,2025-04-01T10:00:00,1.25,2025-04-01\n"})
    result = process(*shop.run, env=os.environ | {"PYTHONIOENCODING": "ascii"})
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith("+ succeeded: ecommerce")
    assert result.out.isascii()
    assert re.search(r"^\|read +\| +1 ?\|", result.out, re.MULTILINE)


def test_data_for_programs_is_utf_8_on_any_terminal(shop: Shop) -> None:
    """CSV and JSON hold the name as it is, though the terminal has no such letter."""
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    query = "SELECT 'Äpfel' AS name"
    for form, answer in (("csv", "name\nÄpfel\n"), ("json", '[\n{"name":"Äpfel"}\n]\n')):
        assert process("sql", query, *shop.at, "--format", form, env=environment, encoding="utf-8").out == answer
    shown = process("sql", query, *shop.at, env=environment).out
    assert "\\xc4pfel" in shown


def test_what_is_in_a_name_moves_no_cursor(shop: Shop) -> None:
    """Controls in names of files and columns, and in values, are escapes for people and as they are for programs."""
    name = "2025\x1b[2J\n.csv"
    put(shop.landing, {f"orders/{name}": "no\u200b,csv\x1b[2J\n"})
    code, screen = seen(*shop.run, NO_COLOR="1")
    assert code == 0
    assert b"orders/2025\\x1b[2J\\n.csv" in screen
    assert b"it has no\\u200b, csv\\x1b[2J" in screen
    assert b"\x1b[2J" not in screen
    code, screen = seen("sql", "SELECT 'a' || chr(27) || 'b' AS c", *shop.at, NO_COLOR="1")
    assert b"a\\x1bb" in screen


def test_a_header_of_many_names_is_a_line(cli: Cli, shop: Shop) -> None:
    """Ten of them are named, one without a name too; the report in the lake has them all."""
    header = ORDERS.strip() + "," + ",".join(f"more{n}" for n in range(5000)) + ",\n"
    put(shop.landing, {"orders/wide.csv": header})
    result = cli(*shop.run)
    (line,) = [line for line in result.out.splitlines() if line.startswith("Ignored in")]
    assert line.endswith("more9 and 4,991 more")
    put(shop.landing, {"orders/ends.csv": ORDERS.strip() + ",\n"})
    assert 'Ignored in orders/ends.csv: unknown columns ""' in cli(*shop.run).out


def test_hundreds_of_refused_files_are_some_lines(cli: Cli, shop: Shop) -> None:
    """Ten are named, the others counted; the report names all."""
    put(shop.landing, {f"orders/{n:03}.csv": "a,b\n" for n in range(30)})
    lines = cli(*shop.run).out.splitlines()
    assert sum(line.startswith("Refused: `orders/") for line in lines) == 10
    assert "Refused: 20 more, see report.json" in lines
    (report,) = [path for path in shop.lake.glob("runs/*/*/report.json") if "orders/029.csv" in path.read_text()]
    assert len(json.loads(report.read_text())["refused_files"]) == 30


def test_a_table_that_is_too_wide_for_the_terminal_has_a_line_per_value(shop: Shop) -> None:
    """Nine columns of silver do not fit into 80 characters, and in a wide terminal they do."""
    query = "SELECT * FROM delta_lakehouse.clean_orders ORDER BY order_id"
    _, narrow = seen("sql", query, *shop.at, NO_COLOR="1")
    lines = narrow.decode().splitlines()
    assert lines[0] == "─── 1"
    assert all(len(line) <= 80 for line in lines)
    assert any(re.fullmatch(r"order_id +100", line) for line in lines)
    _, wide = seen("sql", query, *shop.at, width=400, NO_COLOR="1")
    assert re.search(r"^ *order_id +date +order_timestamp", CODES.sub(b"", wide).decode(), re.MULTILINE)


@pytest.mark.parametrize(
    "command",
    [
        ("checks",),
        ("rejects", "list"),
        ("rejects", "list", "--by", "code"),
        ("rejects", "pending"),
        ("rejects", "show"),
        ("runs",),
        ("alerts",),
        ("sql", "SHOW TABLES"),
        ("sql", "DESCRIBE delta_lakehouse.clean_orders_items"),
    ],
    ids=" ".join,
)
def test_tables_fit_eighty_columns_and_break_no_name(
    shown: Shop, command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is too wide stands in groups or in blocks; a name of a table, a file or a rule is never cut."""
    monkeypatch.setattr(terminal, "out", lambda: Console(width=80, highlight=False, color_system=None))
    capsys.readouterr()
    assert main([*command, *shown.at]) == 0
    text = capsys.readouterr().out
    rows = [line for line in text.splitlines() if line.startswith((" ", "─"))]
    assert rows
    assert max(map(len, rows)) <= 80
    words = {word for line in text.splitlines() for word in line.split()}
    assert words & NAMES.get(command[0], words) or command[-1] == "code", text


def test_rows_that_do_not_fit_stand_below_what_they_share(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Their first value is a line above them."""
    monkeypatch.setattr(terminal, "out", lambda: Console(width=30, highlight=False, color_system=None))
    terminal.table(
        ("table", "check", "n"), [["a_long_name_of_it", "keys_unique", 1], ["a_long_name_of_it", "volume", 2]]
    )
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines() if line.strip()]
    assert [line.split() for line in lines if "─" not in line] == [
        ["a_long_name_of_it"], ["check", "n"], ["keys_unique", "1"], ["volume", "2"],
    ]  # fmt: skip


def test_a_cell_keeps_its_lines(capsys: pytest.CaptureFixture[str]) -> None:
    """A newline in a value is one on the screen; every other control is an escape."""
    terminal.table(("raw",), [["a\nb\tc"]])
    assert [line.strip() for line in capsys.readouterr().out.splitlines()[-3:-1]] == ["a", "b\\tc"]

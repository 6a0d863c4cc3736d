"""Every rule alone, rules together, and every way to write a value: the engine's verdicts against the oracle's."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from lakehouse_assets.contracts import contracts
from lakehouse_assets_tests.lake import SILVER, LakeDriver, csv_file
from lakehouse_assets_tests.load.staged import judged
from lakehouse_assets_tests.oracle import COLUMNS, WARNINGS, File, codes_for, parse

MEATY = settings(max_examples=6, deadline=None, derandomize=True, phases=[Phase.generate])  # the row is in the message
Row = dict[str, str]
NOW = {"order_timestamp": "2025-04-01T10:00:00", "date": "2025-04-01"}
GOOD: dict[str, Row] = {
    "products": {"product_id": "1", "department_id": "4", "department": "Books", "product_name": "Atlas"},
    "orders": {"order_num": "1", "order_id": "o1", "user_id": "u1", "total_amount": "12.50"} | NOW,
    "order_items": {"id": "i1", "order_id": "o1", "user_id": "u1", "days_since_prior_order": "3"}
    | {"product_id": "1", "add_to_cart_order": "1", "reordered": "0"}
    | NOW,
}
TIMES = {
    "user_id_missing": {"user_id": ""},
    "order_id_missing": {"order_id": "\u00a0"},
    "date_missing": {"date": " "},
    "date_invalid": {"date": "2025-02-29"},
    "timestamp_invalid": {"order_timestamp": "2025-04-01T24:00:00"},
    "date_mismatch": {"date": "2025-04-02"},
}
BREAKS: dict[str, dict[str, Row]] = {
    "products": {"product_id_missing": {"product_id": "\t"}, "product_name_missing": {"product_name": "\u2003"}},
    "orders": TIMES | {"amount_invalid": {"total_amount": "1.005"}, "amount_not_positive": {"total_amount": "0"}},
    "order_items": TIMES
    | {
        "item_id_missing": {"id": ""},
        "product_id_missing": {"product_id": " "},
        "cart_position_invalid": {"add_to_cart_order": "0"},
        "reordered_invalid": {"reordered": "yes"},
        "days_invalid": {"days_since_prior_order": "-1"},
    },
}
"""What, put into a good row, breaks just the rule of that code."""
ALONE = [(dataset, code) for dataset, codes in BREAKS.items() for code in codes]


def csv_of(dataset: str, rows: Iterable[Mapping[str, str]]) -> File:
    """A file of these rows, every value in quotes."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS[dataset], quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return csv_file(dataset, f"{dataset}/a.csv", text.getvalue())


def verdicts(dataset: str, rows: Iterable[Mapping[str, str]], zone: str = "UTC") -> list[dict[str, Any]]:
    """What the engine says of these rows."""
    with tempfile.TemporaryDirectory() as folder:
        return judged(LakeDriver(Path(folder), zone=zone), [csv_of(dataset, rows)])[1]


def as_the_oracle_says(dataset: str, rows: list[Row], zone: str = "UTC") -> None:
    """Codes, warnings and typed values are the oracle's; an item's numbers only where they broke no rule."""
    for row, found in zip(rows, verdicts(dataset, rows, zone), strict=True):
        codes = codes_for(dataset, row, zone)
        assert (row, sorted(found["codes"] + found["warnings"])) == (row, codes)
        if dataset == "orders" or not found["codes"]:
            held = {name: _aware(found[name]) for name in COLUMNS[dataset] if name in found}
            expected = parse(dataset, row, zone)
            assert (row, held) == (row, {name: expected[name] for name in held})


def _aware(value: Any) -> Any:
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) else value


@pytest.mark.parametrize(("dataset", "code"), ALONE)
def test_a_rule_fires_alone(dataset: str, code: str) -> None:
    """A row that breaks one rule carries one code, in the column of its verdict."""
    (row,) = verdicts(dataset, [GOOD[dataset] | BREAKS[dataset][code]])
    assert (row["codes"], row["warnings"]) == (([], [code]) if code in WARNINGS else ([code], []))


def test_every_row_rule_of_the_contracts_is_broken_here() -> None:
    """A new rule needs its row in the table above."""
    known = contracts("ecommerce")
    rules = [(d, r.code) for d, table in SILVER.items() for r in known[f"silver.{table}"].rules_of("row")]
    assert sorted(rules) == sorted(ALONE)


@given(st.data())
@settings(MEATY, max_examples=3)
@pytest.mark.parametrize("dataset", BREAKS)
def test_broken_rules_add_up(dataset: str, data: st.DataObject) -> None:
    """A row with k broken rules in k columns carries k codes, no more and no less."""
    some = data.draw(st.lists(st.sets(st.sampled_from(sorted(BREAKS[dataset]))), min_size=20, max_size=60))
    wanted = [one_per_column(dataset, codes) for codes in some]
    rows = [GOOD[dataset] | {k: v for code in codes for k, v in BREAKS[dataset][code].items()} for codes in wanted]
    found = [sorted(row["codes"] + row["warnings"]) for row in verdicts(dataset, rows)]
    assert found == [sorted(codes) for codes in wanted]


def one_per_column(dataset: str, codes: set[str]) -> list[str]:
    """Codes that can be broken together: one for each column, and no comparison with what cannot be read."""
    kept = {tuple(BREAKS[dataset][code]): code for code in sorted(codes)}
    unreadable = {"date_missing", "date_invalid", "timestamp_invalid"} & set(kept.values())
    return [code for code in kept.values() if not (code == "date_mismatch" and unreadable)]


def test_a_rule_does_not_fire_on_what_could_not_be_read() -> None:
    """Without a moment there is no date to compare, without an amount none to be positive."""
    row = GOOD["orders"] | {"order_timestamp": "soon", "date": "1999-01-01", "total_amount": "-1.005"}
    assert verdicts("orders", [row])[0]["codes"] == ["amount_invalid", "timestamp_invalid"]


def test_a_malformed_row_has_no_other_code(tmp_path: Path) -> None:
    """Where the reader gave up nothing else is judged."""
    file = replace(csv_of("orders", []), content=csv_of("orders", []).content + b"1,,,\n")
    assert [row["codes"] for row in judged(LakeDriver(tmp_path), [file])[1]] == [["row_malformed"]]


def near(parts: list[list[str]]) -> st.SearchStrategy[str]:
    """Mostly what the parts say, sometimes with a letter too much or too few."""
    valid = st.tuples(*(st.sampled_from(part) for part in parts)).map("".join)
    junk = st.sampled_from([" ", "\n", "\0", "-", "+", ".", "0", "9", "\u0663", "Z", "\u00a0", "e1", "_", "'"])
    where = st.integers(0, 30)
    with_junk = st.builds(lambda text, at, more: text[:at] + more + text[at:], valid, where, junk)
    without = st.builds(lambda text, at: text[:at] + text[at + 1 :], valid, where)
    return valid | valid | with_junk | without


DAYS = ["2025-04-01", "2024-02-29", "2025-02-29", "0999-12-31", "9999-12-31", "2025-13-01", "2025-00-10"]
DAYS += ["0001-01-01", "0000-12-31", "0000-02-29"]
CLOCKS = ["00:00", "10:30", "23:59", "24:00", "12:60", "1:30"]
SECONDS = ["", ":00", ":59", ":60", ":59.9", ":00.", ":00,123456", ":59.999999999"]
OFFSETS = ["", "", "Z", "z", "+00:00", "-00:00", "+0530", "-11", "+23:59", "-23:59", "+24:00", "+01:60", "+1"]
SIGNS, DIGITS = ["", "", "+", "-", "--"], ["", "0", "1", "7", "00012", "2147483647", "2147483648", "9" * 16, "9" * 17]
FRACTIONS = ["", "", ".", ".5", ".05", ".005", ".50", ".500", ",5"]
MOMENTS = near([DAYS, ["T", "T", " ", "t"], CLOCKS, SECONDS, OFFSETS])
AMOUNTS, INTEGERS = near([SIGNS, DIGITS, FRACTIONS]), near([SIGNS, DIGITS, ["", "", ".", ".0", ".00", ".05", "e0"]])
FLAGS = near([["0", "1", "true", "TRUE", "tRuE", "False", "false", "yes", "2", "t", "00", "1.0", "0.0", "\u0131"]])
BLANKS = st.sampled_from(["", " ", "\t\n", "\u00a0", "\u2007", "\u3000", "\u200b", "\ufeff", "\x1c", "\x85", "\0"])
SEEN = ["1", "104", "é", "a b", "\u2010", "x\u200by", "\u3000", ""]
UNSEEN = ["", "", " ", "\ufeff", "\u00a0", "\u200b", "\u2060\u00ad", "\u202e", "\u206a", "\u180e", "\u2007 ", "\u2029"]
UNSEEN += ["\0", "\x1f\x7f", "\x80", "\u034f", "\u3164", "\ufe0f", "\ufffb", "\U000e0001", "\U000e007f", "\ufffc"]
KEYS = st.tuples(*map(st.sampled_from, (UNSEEN, UNSEEN, SEEN, UNSEEN, UNSEEN))).map("".join)


@given(
    st.lists(st.tuples(MOMENTS | BLANKS, near([DAYS]) | BLANKS, AMOUNTS | BLANKS, BLANKS), min_size=80, max_size=150)
)
@MEATY
def test_any_text_of_an_order_gets_the_verdict_of_the_oracle(texts: list[tuple[str, ...]]) -> None:
    """Moments, dates, amounts and blanks in every form that nearly passes."""
    columns = ("order_timestamp", "date", "total_amount", "user_id")
    as_the_oracle_says("orders", [GOOD["orders"] | dict(zip(columns, row, strict=True)) for row in texts])


@given(st.lists(st.tuples(INTEGERS | BLANKS, INTEGERS | BLANKS, FLAGS | BLANKS), min_size=80, max_size=150))
@MEATY
def test_any_text_of_an_item_gets_the_verdict_of_the_oracle(texts: list[tuple[str, ...]]) -> None:
    """Integers and booleans in every form that nearly passes."""
    columns = ("days_since_prior_order", "add_to_cart_order", "reordered")
    as_the_oracle_says("order_items", [GOOD["order_items"] | dict(zip(columns, row, strict=True)) for row in texts])


@given(st.lists(st.tuples(KEYS, KEYS, KEYS), min_size=80, max_size=150))
@MEATY
def test_any_key_is_what_the_oracle_sees_of_it(texts: list[tuple[str, ...]]) -> None:
    """Identifiers with what nobody sees, and with blanks, at their ends and within; a plain text stays whole."""
    columns = ("order_id", "user_id", "order_num")
    as_the_oracle_says("orders", [GOOD["orders"] | dict(zip(columns, row, strict=True)) for row in texts])


@given(st.lists(st.sets(st.integers(0, 8)), min_size=20, max_size=40), st.sampled_from(["", "\ufeff", " ", "x"]))
@settings(MEATY, max_examples=3)
@pytest.mark.parametrize("dataset", BREAKS)
def test_a_header_within_a_file_is_malformed_and_nothing_less_is(dataset: str, kept: list[set[int]], mark: str) -> None:
    """Rows in which some columns, or all of them, hold their own names; a mark may stand before the first."""
    names = COLUMNS[dataset]
    rows = [{n: GOOD[dataset][n] if i in some else n for i, n in enumerate(names)} for some in [*kept, set()]]
    rows = [row | {names[0]: mark + row[names[0]]} for row in rows]
    found = [row["codes"] for row in verdicts(dataset, rows)]
    assert found == [[c for c in codes_for(dataset, row) if c not in WARNINGS] for row in rows]
    assert (found[-1] == ["row_malformed"]) == (mark != "x")


FORMS = ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S.%f", "%Y-%m-%dT%H:%MZ", "%Y-%m-%d %H:%M:%S+05:30"]


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe"])
def test_clock_changes_are_read_as_the_oracle_reads_them(zone: str) -> None:
    """Around each change of the clocks, every quarter of an hour in every form, with every date that it may have."""
    rows = [
        GOOD["orders"] | {"order_timestamp": format(at, form), "date": str(at.date() + timedelta(days=shift))}
        for change in ("2025-03-30", "2025-10-26", "2025-03-09", "2025-11-02", "2025-04-06", "2025-10-05", "2025-12-31")
        for step in range(-4, 30)
        for at in [datetime.fromisoformat(change) + step * timedelta(minutes=15)]
        for form in FORMS
        for shift in (-1, 0, 1)
    ]
    as_the_oracle_says("orders", rows, zone)


@given(st.lists(st.datetimes(datetime(1970, 1, 2), datetime(2099, 12, 30)), min_size=100, max_size=200))  # noqa: DTZ001 - local times
@settings(MEATY, max_examples=2)
def test_any_local_time_of_the_zone_is_read_as_the_oracle_reads_it(moments: list[datetime]) -> None:
    """From 1970 to 2099 the offsets written into the SQL are those of the zone."""
    rows = [GOOD["orders"] | {"order_timestamp": m.isoformat(), "date": str(m.date())} for m in moments]
    as_the_oracle_says("orders", rows, "Europe/Berlin")


def test_a_repeated_hour_is_its_first_and_a_skipped_one_is_none() -> None:
    """02:30 in Berlin: in October the summer one (00:30 UTC), in March no moment."""
    at = [("2025-10-26", "2025-10-26T02:30:00"), ("2025-03-30", "2025-03-30T02:30:00")]
    rows = [GOOD["orders"] | {"date": day, "order_timestamp": moment} for day, moment in at]
    twice, never = verdicts("orders", rows, "Europe/Berlin")
    assert twice["order_timestamp"] == datetime(2025, 10, 26, 0, 30)  # noqa: DTZ001 - zone-less UTC
    assert (never["codes"], never["order_timestamp"]) == (["timestamp_invalid"], None)

"""The sample generator: same bytes every time, and the promised answer is the one the rules give."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from lakehouse_assets.ecommerce.sample import SampleSpec, continued, write_demo, write_sample
from lakehouse_assets.errors import BadRequest
from lakehouse_assets_tests.operations.conftest import Cli
from lakehouse_assets_tests.oracle import COLUMNS, File, Loaded, load

DIRTY = SampleSpec(days=3, orders_per_day=400, products=300, bad_ratio=0.04, duplicate_ratio=0.1, quoted_ratio=0.05)
ROW_CODES = {
    "row_malformed",
    "product_id_missing",
    "product_name_missing",
    "order_id_missing",
    "user_id_missing",
    "date_missing",
    "item_id_missing",
    "timestamp_invalid",
    "date_invalid",
    "date_mismatch",
    "amount_invalid",
    "cart_position_invalid",
    "reordered_invalid",
    "days_invalid",
}
REFERENCES = {"unknown_order", "unknown_product"}


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below the folder."""
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def asked(folder: Path) -> Loaded:
    """The oracle's load of the folder."""
    moment = datetime(2025, 4, 6, tzinfo=UTC)
    files = contents(folder).items()
    return load(File(key.split("/")[0].removesuffix(".csv"), key, moment, content) for key, content in files)


def answered(loaded: Loaded) -> dict[str, Any]:
    """What the oracle says, in the form of the expected answer."""
    fates = ("read", "valid", "rejected", "superseded", "pending")
    silver = loaded.state.silver
    return {
        "tables": {table: {fate: counts[fate] for fate in fates} for table, counts in loaded.counts.items()},
        "rejects": dict(sorted(loaded.rejects.items())),
        "pending": dict(sorted(loaded.pending.items())),
        "warnings": {code: rows for code, rows in sorted(loaded.warnings.items()) if rows},
        "refused_files": loaded.refused,
        "totals": {
            "orders_amount": f"{sum(row.values['total_amount'] for row in silver['orders'].values()):.2f}",
            "items": len(silver["order_items"]),
        },
    }


def expected(folder: Path) -> Any:
    """The answer beside the folder, without what the sample was asked for."""
    found = json.loads(folder.with_name(f"{folder.name}.expected.json").read_text())
    return {name: value for name, value in found.items() if name != "sample"}


@pytest.mark.parametrize("spec", [DIRTY, SampleSpec(days=1, orders_per_day=20, gzip=True)])
def test_equal_specs_give_equal_bytes(tmp_path: Path, spec: SampleSpec) -> None:
    """Two samples of one spec are the same file by file, compressed or not."""
    write_sample(spec, tmp_path / "a")
    write_sample(spec, tmp_path / "b")
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_another_seed_gives_other_rows(tmp_path: Path) -> None:
    """The seed decides."""
    write_sample(SampleSpec(days=1, orders_per_day=20), tmp_path / "a")
    write_sample(SampleSpec(days=1, orders_per_day=20, seed=8), tmp_path / "b")
    assert contents(tmp_path / "a") != contents(tmp_path / "b")


def test_more_days_leave_the_first_ones_as_they_were(tmp_path: Path) -> None:
    """A longer sample adds drops, so that one new day can be loaded onto the shorter one."""
    write_sample(SampleSpec(days=2, orders_per_day=20, bad_ratio=0.1), tmp_path / "short")
    write_sample(SampleSpec(days=3, orders_per_day=20, bad_ratio=0.1), tmp_path / "long")
    assert contents(tmp_path / "short").items() < contents(tmp_path / "long").items()


def test_files_have_the_layout_of_the_recorded_data(tmp_path: Path) -> None:
    """One catalogue and two files a day, each with its dataset's columns."""
    write_sample(SampleSpec(days=2, orders_per_day=3), tmp_path / "s")
    headers = {key: content.decode().splitlines()[0] for key, content in contents(tmp_path / "s").items()}
    days = ("2025-04-01", "2025-04-02")
    assert headers == {
        "products.csv": ",".join(COLUMNS["products"]),
        **{f"{dataset}/{day}.csv": ",".join(COLUMNS[dataset]) for dataset in ("orders", "order_items") for day in days},
    }


def test_size_is_as_asked_for(tmp_path: Path) -> None:
    """15 days of 500 orders make 7,500 orders, about 41,000 items, 31 files."""
    answer = write_sample(SampleSpec(days=15), tmp_path / "s")
    assert answer.tables["clean_orders"].valid == 7_500
    assert answer.tables["clean_orders_items"].valid == pytest.approx(41_250, rel=0.02)
    assert len(contents(tmp_path / "s")) == 31


def test_scale_multiplies_rows_by_fresh_keys(tmp_path: Path) -> None:
    """Three times the orders in the same files, none of them sharing a key."""
    answer = write_sample(SampleSpec(days=2, orders_per_day=50, scale=3), tmp_path / "s")
    rows = [
        row["order_id"]
        for path in sorted((tmp_path / "s" / "orders").iterdir())
        for row in csv.DictReader(path.read_text("utf-8").splitlines())
    ]
    assert len(rows) == len(set(rows)) == answer.tables["clean_orders"].read == 300


@pytest.mark.parametrize(
    "spec",
    [
        SampleSpec(days=2, orders_per_day=100),
        DIRTY,
        SampleSpec(days=2, orders_per_day=200, bad_ratio=0.5, duplicate_ratio=0.5, quoted_ratio=1, gzip=True),
        SampleSpec(days=2, orders_per_day=200, items_per_order=1, duplicate_ratio=1, start=date(2024, 2, 28)),
    ],
    ids=["clean", "dirty", "filthy", "doubled"],
)
def test_promised_answer_is_the_one_the_rules_give(tmp_path: Path, spec: SampleSpec) -> None:
    """The counts known while generating equal those of the oracle."""
    write_sample(spec, tmp_path / "s")
    assert answered(asked(tmp_path / "s")) == expected(tmp_path / "s")


def test_bad_rows_are_spread_over_all_row_rules(tmp_path: Path) -> None:
    """Every row rule is broken about equally often per dataset, refunds included."""
    answer = write_sample(DIRTY, tmp_path / "s")
    assert set(answer.rejects) == ROW_CODES | REFERENCES  # a rejected row may lack its parent too
    assert set(answer.pending) == REFERENCES
    assert set(answer.warnings) == {"amount_not_positive"}


def test_few_bad_rows_go_round_the_rules_day_by_day(tmp_path: Path) -> None:
    """One bad order a day breaks nine rules in nine days."""
    spec = SampleSpec(days=9, orders_per_day=20, items_per_order=1, products=20, bad_ratio=0.05)
    answer = write_sample(spec, tmp_path / "s")
    assert answer.tables["clean_orders"].rejected == 8
    assert answer.warnings == {"amount_not_positive": 1}


def test_older_versions_differ_from_what_supersedes_them(tmp_path: Path) -> None:
    """An older product has another name, an older order an amount below all others."""
    write_sample(SampleSpec(days=1, orders_per_day=50, products=50, duplicate_ratio=1), tmp_path / "s")
    files = contents(tmp_path / "s")
    assert b"_old\n" in files["products.csv"]
    assert b",1.11,2025-04-01\n" in files["orders/2025-04-01.csv"]


def test_compressed_files_carry_no_time(tmp_path: Path) -> None:
    """Bytes 4 to 8 of a gzip file are its time of writing; they are zero."""
    write_sample(SampleSpec(days=1, orders_per_day=2, gzip=True), tmp_path / "s")
    assert (tmp_path / "s" / "orders" / "2025-04-01.csv.gz").read_bytes()[4:8] == bytes(4)


def test_quoted_fields_hold_what_quoting_is_for(tmp_path: Path) -> None:
    """Some product names hold a comma, a quote and a newline; plain keys are quoted too."""
    write_sample(DIRTY, tmp_path / "s")
    lines = (tmp_path / "s" / "products.csv").read_text("utf-8").splitlines(keepends=True)
    names = [row["product_name"] for row in csv.DictReader(lines)]
    assert all(any(sign in (name or "") for name in names) for sign in (",", '"', "\n"))
    assert '\n"' in (tmp_path / "s" / "orders" / "2025-04-01.csv").read_text()


def test_demo_has_every_code_and_one_refused_file(tmp_path: Path) -> None:
    """All rejecting, waiting and warning codes occur in the demo's answer."""
    answer = write_demo(tmp_path / "d")
    assert set(answer.rejects) == ROW_CODES
    assert set(answer.pending) == REFERENCES
    assert set(answer.warnings) == {"amount_not_positive", "department_ambiguous"}
    assert answer.refused_files == ("orders/2025-04-05-export.csv",)


def test_demo_answer_is_the_one_the_rules_give(tmp_path: Path) -> None:
    """The hand-made rows meet the fate that is written beside them."""
    write_demo(tmp_path / "d")
    assert answered(asked(tmp_path / "d")) == expected(tmp_path / "d")


def test_demo_stays_below_the_reject_ratio(tmp_path: Path) -> None:
    """Each table has fewer than 10 rejects or at most 5 %, and something is superseded and waits."""
    tables = write_demo(tmp_path / "d").tables
    assert all(table.rejected < 10 or table.rejected <= 0.05 * table.read for table in tables.values())
    assert tables["clean_orders"].superseded == tables["clean_orders_items"].superseded == 1
    assert tables["clean_orders_items"].pending == 3


def test_each_file_is_told_as_it_is_written(tmp_path: Path) -> None:
    """Progress sees the data files, not the answer beside them."""
    seen: list[Path] = []
    write_sample(SampleSpec(days=1, orders_per_day=2), tmp_path / "s", seen.append)
    assert [path.name for path in seen] == ["products.csv", "2025-04-01.csv", "2025-04-01.csv"]


def test_a_folder_with_files_is_refused(tmp_path: Path) -> None:
    """Other files would make the answer wrong, so nothing is written."""
    (tmp_path / "old.csv").touch()
    with pytest.raises(BadRequest, match=r"already holds `old.csv`"):
        write_sample(SampleSpec(days=1), tmp_path)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"days": 0}, "must be 1 or more"),
        ({"items_per_order": float("nan")}, "items per order"),
        ({"bad_ratio": 1.5}, "between 0 and 1"),
        ({"bad_ratio": 0.6, "duplicate_ratio": 0.6}, "must not exceed all rows"),
        ({"seed": -1}, "seed"),
        ({"start": date(9999, 1, 1)}, "years"),
    ],
)
def test_numbers_out_of_range_are_refused(wrong: dict[str, Any], sentence: str) -> None:
    """One sentence says which number, and what is allowed."""
    with pytest.raises(BadRequest, match=sentence):
        SampleSpec(**wrong)


def test_further_days_have_new_keys_and_dates(tmp_path: Path) -> None:
    """They are those that a longer sample has there, whether the first ones still lie beside them or not."""
    spec = SampleSpec(days=2, orders_per_day=20, bad_ratio=0.1)
    write_sample(replace(spec, days=3), tmp_path / "long")
    write_sample(spec, tmp_path / "drops")
    write_sample(continued(tmp_path / "drops", 1), tmp_path / "drops")
    assert contents(tmp_path / "drops") == contents(tmp_path / "long")
    shutil.rmtree(tmp_path / "drops")
    write_sample(continued(tmp_path / "drops", None), tmp_path / "drops")
    days = {path.stem for path in (tmp_path / "drops" / "orders").iterdir()}
    assert days == {"2025-04-04"}


def test_a_sample_that_starts_today_ends_today(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So the newest day is as fresh as a check wants it; other dates are given as such."""
    monkeypatch.chdir(tmp_path)
    assert cli("sample", "drops", "--start", "today", "--days", 3, "--orders-per-day", 2).code == 0
    today = datetime.now(UTC).date()
    wanted = {(today - timedelta(days=back)).isoformat() for back in range(3)}
    assert {path.stem for path in Path("drops/orders").iterdir()} == wanted
    assert cli("sample", "drops", "--continue", "--days", 1).code == 0
    assert Path("drops/orders", f"{today + timedelta(days=1)}.csv").exists()
    assert cli("sample", "old", "--start", "2020-02-29", "--days", 1, "--seed", 3).code == 0
    assert [path.stem for path in Path("old/orders").iterdir()] == ["2020-02-29"]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--start", "soon"], "--start is `soon`, allowed is a date such as 2025-04-01, or today"),
        (["--continue"], "does not say what sample is to be continued"),
        (["--continue", "--seed", "3"], "it takes --days, not --seed"),
    ],
)
def test_what_cannot_be_sampled_is_said(cli: Cli, tmp_path: Path, arguments: list[str], problem: str) -> None:
    """In one sentence, before anything is written."""
    result = cli("sample", tmp_path / "drops", *arguments)
    assert (result.code, problem in result.err, list(tmp_path.iterdir())) == (2, True, [])


def test_what_to_try_next_works_as_printed(tmp_path: Path) -> None:
    """The line names landing and lake, whatever their names hold."""
    lakehouse = str(Path(sys.executable).with_name("lakehouse"))
    made = subprocess.run(
        [lakehouse, "sample", "my drops", "--days", "1", "--orders-per-day", "2"],
        cwd=tmp_path, env=os.environ | {"LAKEHOUSE_LAKE": "my lake"}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    line = made.stdout.splitlines()[-1].removeprefix("Try next: ")
    path = f"{Path(lakehouse).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", "-c", line], cwd=tmp_path, env=os.environ | {"PATH": path}, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "my lake" / "ecommerce_gold").is_dir()

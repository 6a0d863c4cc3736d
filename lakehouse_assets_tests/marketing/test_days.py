"""Days of the past: those that late changes touch are told to Dagster, and a backfill says what it can still pull."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import dagster as dg
import pytest

from lakehouse_assets_tests.marketing.account import REPORT, Pulled, account

FIRST = datetime(2026, 3, 16, 8, 0, tzinfo=UTC)
LATER = datetime(2026, 3, 24, 8, 0, tzinfo=UTC)
"""Nine o'clock in Berlin, eight days apart."""
GOLD = dg.AssetKey(["gold", "daily_report_sub5_output"])
ASKED = ("backfill", "marketing", "--as-of", LATER.isoformat())


@dataclass(frozen=True)
class Weeks:
    """A lake after two runs eight days apart, and the report after each."""

    pulled: Pulled
    before: list[dict[str, Any]]
    after: list[dict[str, Any]]

    def days_of_last_run(self) -> list[str]:
        """The days of the report that Dagster has as made by the second run."""
        with self.pulled.history() as instance:
            (run,) = instance.get_runs(limit=1)
            events = [entry.dagster_event for entry in instance.all_logs(run.run_id) if entry.dagster_event]
        made = [event for event in events if event.event_type_value == "ASSET_MATERIALIZATION"]
        return sorted(str(event.partition) for event in made if event.asset_key == GOLD)


@pytest.fixture(scope="module")
def weeks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Weeks]:
    """An account whose payouts are edited ten days later."""
    folder = tmp_path_factory.mktemp("days")
    with account(folder, "payout-edited-late", days=14, clicks_per_day=60, conversions_per_day=40) as case:
        pulled = Pulled(case, folder / "lake")
        pulled.run(FIRST)
        before = pulled.rows(REPORT)
        pulled.run(LATER)
        yield Weeks(pulled, before, pulled.rows(REPORT))


def changed(weeks: Weeks, *, until: str) -> list[str]:
    """Days up to one whose rows are others than they were."""
    found = []
    for day in sorted({row["datestamp"] for row in (*weeks.before, *weeks.after)}):
        rows = [[row for row in table if row["datestamp"] == day] for table in (weeks.before, weeks.after)]
        found += [day] if day <= until and rows[0] != rows[1] else []
    return found


def test_older_days_that_late_changes_touched_are_materializations_of_their_partitions(weeks: Weeks) -> None:
    """Besides the seven of the run, every day whose rows have become others; the run's days are told once each."""
    made = weeks.days_of_last_run()
    assert [day for day in made if day >= "2026-03-18"] == [f"2026-03-{day}" for day in range(18, 25)]
    older = [day for day in made if day < "2026-03-18"]
    assert len(older) == len(set(older)) > 0
    assert set(changed(weeks, until="2026-03-17")) <= set(older)


def test_a_backfill_says_first_what_there_is_and_what_the_api_has_forgotten(weeks: Weeks) -> None:
    """Seven days before the clock clicks are gone: the days before the second run's, which no run has pulled.

    What the API still knows is pulled again, though it is there.
    """
    done = weeks.pulled.command(*ASKED, "--from", "2026-03-08", "--to", "2026-03-24", "--dry-run", "--json")
    plan = json.loads(done.out)
    assert (done.code, plan["zone"], len(plan["days"])) == (0, "Europe/Berlin", 17)
    assert plan["days"]["2026-03-08"] == "forgotten: 24 h"
    assert plan["days"]["2026-03-15"] == "there already"
    assert plan["days"]["2026-03-23"] == "pulled"
    clicks = [row for row in weeks.after if row["datestamp"] == "2026-03-15"]
    assert plan["rows"]["clicks"]["2026-03-15"] == sum(row["click_count"] for row in clicks) == 60
    assert plan["rows"]["daily_report_sub5_output"]["2026-03-15"] == len(clicks)
    # The first run ended at 08:00 UTC of the 16th, and at 10:00 UTC of the 17th the API begins to remember.
    gone = "2026-03-08 to 2026-03-09, 2026-03-16 to 2026-03-17"
    forgets = "cannot all be pulled: the API forgets them after 7 days; those that are in silver stay."
    assert plan["notes"] == [f"Clicks of {gone} {forgets}"]


def test_saying_so_changes_nothing(weeks: Weeks) -> None:
    """No run, no file; for people it is a table that a hundred columns hold."""
    files = sorted(weeks.pulled.lake.rglob("*"))
    done = weeks.pulled.command(*ASKED, "--from", "2026-03-08", "--to", "2026-03-24", "--dry-run")
    assert sorted(weeks.pulled.lake.rglob("*")) == files
    lines = done.out.splitlines()
    assert lines[0] == "marketing: 17 days, 2026-03-08 to 2026-03-24 (Europe/Berlin), in one run"
    assert max(len(line.rstrip()) for line in lines if "Clicks of" not in line and "To pull" not in line) <= 100


def test_a_backfill_is_one_run_over_all_its_days(weeks: Weeks) -> None:
    """Its days are made anew, days that are no days of it are not."""
    done = weeks.pulled.command(*ASKED, "--from", "2026-03-08", "--to", "2026-03-10", "--json")
    report = json.loads(done.out)
    assert (done.code, report["status"], list(report["plan"]["days"])) == (
        0,
        "succeeded",
        ["2026-03-08", "2026-03-09", "2026-03-10"],
    )
    assert set(weeks.days_of_last_run()) >= {"2026-03-08", "2026-03-09", "2026-03-10"}
    assert report["tables"]["conversions"]["read"] > 0


@pytest.mark.parametrize(
    ("first", "last", "sentence"),
    [
        ("soon", "2026-03-20", "--from is `soon`, allowed is a date such as 2025-04-03"),
        ("2026-03-20", "20260321", "--to is `20260321`, allowed is a date such as 2025-04-03"),
        ("2026-03-20", "2026-03-19", "--from is 2026-03-20, which is after --to, 2026-03-19"),
        (
            "2026-03-20",
            "2026-03-25",
            "--to is 2026-03-25, and today is 2026-03-24 in Europe/Berlin: a day that has not begun holds nothing",
        ),
        ("2024-12-31", "2026-03-20", "--from is 2024-12-31, and the first day of `marketing` is 2025-01-01"),
        (
            "2025-01-01",
            "2026-03-20",
            (
                "2025-01-01 to 2026-03-20 are 444 days, and a run works on 350 at most; make it 2 runs: "
                "2025-01-01 to 2025-12-16, 2025-12-17 to 2026-03-20"
            ),
        ),
    ],
)
def test_wrong_days_are_refused_in_one_sentence(weeks: Weeks, first: str, last: str, sentence: str) -> None:
    """With exit code 2, before anything is done, and also where it is only asked what would be."""
    for way in ((), ("--dry-run",)):
        done = weeks.pulled.command(*ASKED, "--from", first, "--to", last, *way)
        assert (done.code, done.err, done.out) == (2, f"error: {sentence}\n", "")


def test_what_a_pipeline_of_files_does_not_have_is_refused_in_one_sentence(weeks: Weeks) -> None:
    """Days, an account of Affise, and anything to pull."""
    refused = {
        ("backfill", "ecommerce", "--from", "2026-03-01", "--to", "2026-03-02"): "works on files, not on days",
        ("run", "ecommerce", "--affise-url", "https://api.example.com"): "--affise-url is for a pipeline that pulls",
        ("run", "ecommerce", "--intraday"): "--intraday is for a pipeline that pulls",
        ("run", "ecommerce", "--sweep"): "--sweep is for a pipeline that pulls",
        ("run", "marketing", "--sweep", "--intraday"): "give one",
        ("run", "marketing", "--affise-url", "http://api.example.com"): "--affise-url is `http://api.example.com`",
    }
    for asked, words in refused.items():
        done = weeks.pulled.command(*asked)
        assert (done.code, words in done.err, done.err.count("\n")) == (2, True, 1), done.err


def test_the_day_of_a_backfill_is_that_of_the_zone(weeks: Weeks) -> None:
    """At 23:30 UTC it is tomorrow in Berlin already."""
    late = ("backfill", "marketing", "--as-of", "2026-03-24T23:30:00Z", "--from", "2026-03-25", "--to", "2026-03-25")
    done = weeks.pulled.command(*late, "--dry-run", "--json")
    assert (done.code, list(json.loads(done.out)["days"])) == (0, [str(date(2026, 3, 25))])

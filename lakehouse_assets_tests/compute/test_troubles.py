"""Which ends of runs are news."""

from __future__ import annotations

from dataclasses import replace

from lakehouse_assets.compute.failed_checks import FailedCheck
from lakehouse_assets.compute.reports import Failure
from lakehouse_assets.compute.troubles import SEEN, End, Standing, Trouble, Verdict, cause_in, judged
from lakehouse_assets_tests.compute.test_alerts import report


def verdicts(*ends: tuple[str, str]) -> list[Verdict]:
    """The verdicts on ends in a row, each how it ended and its cause."""
    standing, found = Standing(), []
    for number, (how, cause) in enumerate(ends):
        end = End(f"r{number}", how, f"day {number}", cause, f"what {cause}")  # type: ignore[arg-type] # spelled as one
        standing, verdict = judged(Standing.from_dict(standing.to_dict()), end)
        found.append(verdict)
    return found


def test_a_cause_is_told_once_until_it_changes() -> None:
    """The sensor's four tries of one broken file are one message; another cause is another."""
    found = verdicts(*[("failed", "key")] * 4, ("failed", "disk"), ("failed", "key"))
    assert [one.tell for one in found] == [True, False, False, False, True, True]


def test_the_first_success_tells_what_recovered() -> None:
    """Since the first failure, with the last cause; the second success is no news."""
    *_, recovered, after = verdicts(("failed", "key"), ("failed", "disk"), ("good", ""), ("good", ""))
    assert recovered == Verdict(tell=True, recovered=Trouble("disk", "what disk", "day 0", 2))
    assert after == Verdict(tell=False)


def test_a_failure_after_a_recovery_is_news() -> None:
    """Though its cause was told before."""
    assert [one.tell for one in verdicts(("failed", "key"), ("idle", ""), ("failed", "key"))] == [True, True, True]


def test_warnings_are_told_when_they_change() -> None:
    """A run with nothing to do, and one that failed, say nothing of them; one without warnings ends them."""
    ends = [
        ("warned", "old"),
        ("warned", "old"),
        ("idle", ""),
        ("warned", "old"),
        ("warned", "old, many"),
        ("good", ""),
    ]
    found = verdicts(*ends, ("warned", "old"))
    assert [one.tell for one in found] == [True, False, False, False, True, False, True]


def test_a_recovery_with_known_warnings_is_told() -> None:
    """It is the recovery that is news."""
    found = verdicts(("warned", "old"), ("failed", "key"), ("warned", "old"), ("warned", "old"))
    assert [one.tell for one in found] == [True, True, True, False]


def test_an_end_that_is_judged_again_is_answered_as_before() -> None:
    """Command and sensor both ask; it is counted once, and only the last ends are remembered."""
    standing, first = judged(Standing(), End("r1", "failed", "now", "key"))
    again, second = judged(standing, End("r1", "failed", "now", "key"))
    assert (again, second) == (standing, first)
    for number in range(2 * SEEN):
        standing, _ = judged(standing, End(f"more {number}", "failed", "now", "key"))
    assert len(standing.seen) == SEEN
    assert standing.failed == Trouble("key", "", "now", 1 + 2 * SEEN)


def failed(sentence: str, step: str = "load") -> str:
    """The cause of a failure with this sentence."""
    return cause_in(report(status="failed", failure=Failure(step, "Broken", sentence)), [])


def test_what_differs_each_time_is_no_other_cause() -> None:
    """Step, counts, moments and ids of runs; a file or a table is another cause."""
    one = failed("run 5f0c1b1e-0f7a-4c59-9d5e-0123456789ab since 2026-11-26T09:00:00Z: 41 of 1,000 rows of `a1.csv`")
    two = failed("run 6f0c1b1e-0f7a-4c59-9d5e-0123456789ab since 2026-11-27T09:00:00Z: 7 of 90 rows of `a1.csv`", "x")
    assert one == two
    assert failed("rows of `orders/2025-04-09.csv`") != failed("rows of `orders/2025-04-10.csv`")


def test_ten_times_as_many_rows_are_other_warnings() -> None:
    """So is another check, and every refused file; a few rows more are not."""
    few = FailedCheck("clean_orders", "rejects", "WARN", 3, "rejected 3, by code: row_malformed 3")
    more = replace(few, failing=9, description="rejected 9, by code: row_malformed 9")
    many = replace(few, failing=90, description="rejected 90, by code: row_malformed 90")
    assert cause_in(report(), [few]) == cause_in(report(), [more])
    long = [cause_in(report(refusals={f"{n:09}.csv": "" for n in range(last)}), []) for last in (300, 301)]
    assert long[0] != long[1]
    told = [cause_in(report(), [few]), cause_in(report(), [many]), cause_in(report(refusals={"a.csv": "no"}), [few])]
    assert len(set(told)) == 3

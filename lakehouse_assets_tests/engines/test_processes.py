"""Work in processes of their own: its order, its errors, its counts, and what is left when it ends."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from lakehouse_assets.affise.endpoints import CLICKS
from lakehouse_assets.affise.pages import entries
from lakehouse_assets.engines import duckdb_files
from lakehouse_assets.engines.processes import Each, Tally, Workers
from lakehouse_assets.errors import BadRequest, LibraryFailed
from lakehouse_assets.formats.registry import format_of
from lakehouse_assets.load.file_source import FileSource
from lakehouse_assets.load.source_files import survey
from lakehouse_assets_tests.affise.tenant import YESTERDAY, tenant
from lakehouse_assets_tests.engines import process_work
from lakehouse_assets_tests.marketing.lake import Marketing


def children() -> set[int]:
    """The processes that this one has started and not seen the end of."""
    tasks = Path(f"/proc/{os.getpid()}/task").glob("*/children")
    return {int(child) for task in tasks for child in task.read_text().split()}


def test_answers_come_in_the_order_of_the_tasks_from_several_processes() -> None:
    """Whichever process is ahead."""
    answers = list(Workers(process_work.whose, 2, Tally()).answers(iter(range(20))))
    assert [number for number, _ in answers] == list(range(20))
    assert len({process for _, process in answers} - {os.getpid()}) == 2


def test_an_error_is_raised_where_the_answer_is_taken() -> None:
    """As the same error, after the answers before it."""
    before = children()
    answers = Workers(process_work.refuse_three, 2, Tally()).answers(range(9))
    assert [next(answers) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(BadRequest, match="three is refused"):
        next(answers)
    assert children() == before


def test_a_process_that_dies_is_an_error_in_one_sentence() -> None:
    """Nothing waits for it."""
    before = children()
    with pytest.raises(LibraryFailed, match="it was ended, perhaps for want of memory"):
        list(Workers(process_work.die_at_three, 2, Tally()).answers(range(9)))
    assert children() == before


def test_words_on_standard_output_are_no_answers() -> None:
    """A library may print what it likes."""
    assert list(Workers(Each(process_work.chat), 1, Tally()).answers([[1, 2], [3]])) == [[1, 2], [3]]


def test_what_is_counted_there_is_summed_up_here() -> None:
    """By copies of one progress."""
    tally = Tally()
    counting = process_work.Counting(tally)
    list(Workers(counting, 2, tally).answers(range(10)))
    assert counting.progress.now.rows == sum(range(10))


def test_whoever_stops_asking_leaves_no_process() -> None:
    """Nor does one that nobody asks any more go on."""
    answers = Workers(process_work.whose, 2, Tally()).answers(range(1000))
    workers = {next(answers)[1], next(answers)[1]}
    answers.close()  # type: ignore[attr-defined] # it is a generator
    until = time.monotonic() + 10
    while any(Path(f"/proc/{worker}").exists() for worker in workers) and time.monotonic() < until:
        time.sleep(0.01)
    assert not any(Path(f"/proc/{worker}").exists() for worker in workers)


@pytest.mark.parametrize("enough", [1 << 40, 1], ids=["threads", "processes"])
def test_pages_are_the_same_rows_whoever_reads_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, enough: int
) -> None:
    """Threads of this process or others: each click of the tenant, once."""
    monkeypatch.setattr(duckdb_files, "PROCESSES_BYTES", enough)
    with tenant(tmp_path, days=14, clicks_per_day=700) as case:
        lake = Marketing(tmp_path, case, zone="Europe/Moscow")
        pulled = case.puller("run-1", store=lake.value.store).day(CLICKS, YESTERDAY, case.now)
    files = list(entries(pulled.manifests, {"clicks": lake.known["landing.clicks"].files}))
    table = lake.known["silver.clicks"]
    work, engine = lake.work(files, case.now), lake.engine()
    source = FileSource(format_of(lake.known["landing.clicks"], table), work.landing, dict(enumerate(files)))
    found = survey(source, engine)
    counted = engine.stage("staged", found.text(None), "SELECT click_id FROM __raw")
    staged = [row["click_id"] for row in engine.rows("SELECT click_id FROM staged")]
    engine.close()
    assert (counted, sorted(staged)) == (700, case.clicks(YESTERDAY))

"""What the doubles of Glue and Athena stand for, asked of the emulator, also through a proxy that fails."""

from __future__ import annotations

import threading
import time
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from lakehouse_assets import interruption
from lakehouse_assets.compute.aws.athena import Athena, Statement
from lakehouse_assets.compute.aws.glue import GlueJobs, JobRequest, JobRun, require_good
from lakehouse_assets.compute.aws.waiting import Pace
from lakehouse_assets.errors import LeaseHeld, QueryFailed, ServiceUnavailable, TableMissing
from lakehouse_assets.progress import Progress
from lakehouse_assets.storage.aws import client, client_of, glue
from lakehouse_assets_tests.emulator.fixtures import BUCKET
from lakehouse_assets_tests.emulator.proxy import Fault, Proxy
from lakehouse_assets_tests.emulator.trino.serving import Trino

ROLE = "arn:aws:iam::000000000000:role/anybody"
PACE = Pace(first=0.1, longest=0.3)
EVERY = 9999
FAULTS: tuple[Fault, ...] = ("throttled", "reset", "slow", "slow down", "lost answer")


@pytest.fixture
def jobs(s3_proxy: Proxy) -> Proxy:
    """A proxy before the emulator, in which a job does what its script says, see `make`."""
    client_of("iam").create_role(RoleName="anybody", AssumeRolePolicyDocument="{}")
    return s3_proxy


def make(source: str, **settings: Any) -> None:
    """Make the job `work` of a script."""
    client().put_object(Bucket=BUCKET, Key="work.py", Body=source.encode())
    command: Any = {"Name": "glueetl", "ScriptLocation": f"s3://{BUCKET}/work.py", "PythonVersion": "3"}
    glue().create_job(Name="work", Role=ROLE, Command=command, GlueVersion="6.0", Timeout=5, **settings)


def run(run_id: str = "run-1") -> JobRun:
    """Run the job."""
    return GlueJobs(Progress(), PACE).run(JobRequest("work", {"--run-id": run_id}, 120))


def runs() -> list[Any]:
    """All runs of the job."""
    return list(glue().get_job_runs(JobName="work")["JobRuns"])


def test_a_job_bears_throttling_resets_and_slow_answers(jobs: Proxy) -> None:
    """Whatever goes wrong on the way, one run is started and waited for."""
    make("print('done')")
    for fault in FAULTS:
        jobs.fail(fault, "POST", "^/$", after=1, times=2)
    assert run().state == "SUCCEEDED"
    assert len(runs()) == 1


@pytest.mark.parametrize("most", [1, 3])
def test_a_start_whose_answer_is_lost_is_found(jobs: Proxy, most: int) -> None:
    """Whether a second run would be allowed or not, there is none: two of them would load the same files at once."""
    make("import time; time.sleep(2)", ExecutionProperty={"MaxConcurrentRuns": most})
    jobs.fail("lost answer", "POST", "^/$", after=1)  # the first request looks for runs
    assert run().state == "SUCCEEDED"
    assert len(runs()) == 1


def test_a_glue_that_is_away_is_said_in_a_sentence(jobs: Proxy) -> None:
    """Nothing was started."""
    make("print('done')")
    jobs.fail("slow down", "POST", "^/$", EVERY)
    with pytest.raises(ServiceUnavailable, match="job `work` does not answer"):
        run()


def test_a_failed_job_fails_as_it_did_there(jobs: Proxy) -> None:
    """The sentence that ends the script is the error's, with its class."""
    del jobs
    make("raise SystemExit('LeaseHeld: pipeline `p` is held')")
    with pytest.raises(LeaseHeld, match=r"^pipeline `p` is held$"):
        require_good("work", run(), "eu-west-1")


def test_a_job_is_stopped_when_the_process_is_asked_to_end(jobs: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    """An interruption ends the wait, and the job run with it."""
    del jobs
    make("import time; time.sleep(60)")
    wished = threading.Event()
    monkeypatch.setattr(interruption, "_wished", wished)
    threading.Timer(3, wished.set).start()
    with pytest.raises(interruption.Interrupted):
        run()
    wished.clear()
    deadline = time.monotonic() + 20
    while (state := runs()[0]["JobRunState"]) != "STOPPED" and time.monotonic() < deadline:
        time.sleep(0.2)
    assert state == "STOPPED"


@pytest.fixture
def queries(s3_proxy: Proxy, trino: Trino) -> Proxy:
    """A proxy before the emulator with Trino, and a workgroup `wg`."""
    del trino
    place = {"OutputLocation": f"s3://{BUCKET}/results/"}
    client_of("athena").create_work_group(Name="wg", Configuration={"ResultConfiguration": place})
    return s3_proxy


def ask(sql: str, seconds: int = 60) -> list[dict[str, Any]]:
    """Ask Athena."""
    return Athena("wg", "run-1", PACE).rows(Statement(sql, "answer", seconds))


def test_athena_answers_values(queries: Proxy) -> None:
    """As the double does: types, NULL, and empty text."""
    del queries
    (row,) = ask("SELECT 1 AS n, DECIMAL '1.50' AS d, DATE '2026-01-02' AS day, CAST(NULL AS varchar) AS x, '' AS e")
    assert row == {"n": 1, "d": Decimal("1.50"), "day": date(2026, 1, 2), "x": None, "e": ""}
    assert len(ask("SELECT x FROM UNNEST(SEQUENCE(1, 2500)) AS t (x)")) == 2500


def test_athena_may_be_throttled_reset_and_slow(queries: Proxy) -> None:
    """The query is run once and answered; an Athena that is away is said in a sentence."""
    for fault in FAULTS:
        queries.fail(fault, "POST", "^/$", times=2)
    assert ask("SELECT 7 AS n") == [{"n": 7}]
    assert len(client_of("athena").list_query_executions(WorkGroup="wg")["QueryExecutionIds"]) == 1
    queries.fail("throttled", "POST", "^/$", EVERY)
    with pytest.raises(ServiceUnavailable, match="workgroup `wg` does not answer"):
        ask("SELECT 7 AS n", seconds=1)


def test_what_athena_refuses_is_said_without_the_statement(queries: Proxy) -> None:
    """A column that is not there, and a table that is not there."""
    del queries
    with pytest.raises(QueryFailed, match=r"^Athena could not answer: COLUMN_NOT_FOUND") as caught:
        ask("SELECT nothing FROM (VALUES 1) AS t (x)")
    assert "SELECT" not in str(caught.value)
    client_of("athena").start_query_execution(QueryString="CREATE DATABASE `silver`", WorkGroup="wg")
    time.sleep(1)
    with pytest.raises(TableMissing, match=r"silver.orders"):
        ask("SELECT * FROM silver.orders")


def test_a_query_that_takes_too_long_is_stopped(queries: Proxy) -> None:
    """Nobody pays for what nobody waits for."""
    del queries
    every = ", ".join(f"UNNEST(SEQUENCE(1, 10000)) {name}(x)" for name in "abc")
    with pytest.raises(QueryFailed, match="it took longer than 2 s and was stopped"):
        ask(f"SELECT count(*) FROM {every}", seconds=2)
    (query,) = client_of("athena").list_query_executions(WorkGroup="wg")["QueryExecutionIds"]
    told = client_of("athena").get_query_execution(QueryExecutionId=query)["QueryExecution"]
    assert told["Status"]["State"] == "CANCELLED"

"""The command line on a lake in a bucket: the same answers as on a folder, and one sentence where it cannot work."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lakehouse_assets.storage.opening import open_store
from lakehouse_assets_tests.operations.conftest import FIRST, SECOND, Cli, put
from lakehouse_assets_tests.operations.test_at_once import HELD, at_once

COUNT = ("sql", "SELECT count(*) AS n FROM delta_lakehouse.clean_orders", "--format", "csv")
RUN = ("run", "ecommerce", "--max-reject-ratio", "1")


PLACES = [
    "all in s3",  # the quick form of the others
    pytest.param("only lake in s3", marks=pytest.mark.nightly),
    pytest.param("only landing in s3", marks=pytest.mark.nightly),
]


@dataclass(frozen=True)
class Places:
    """Where lake, landing and history are."""

    lake: str
    landing: str
    history: Path

    def put(self, files: dict[str, str]) -> None:
        """Drop files."""
        for key, text in files.items():
            open_store(self.landing).put(key, text.encode())


@pytest.fixture(params=["all in s3"])
def places(request: pytest.FixtureRequest, s3: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Places:
    """Places that the variables name, with the first files in landing."""
    lake = str(tmp_path / "lake") if request.param == "only landing in s3" else f"{s3}/team/lake"
    landing = str(tmp_path / "landing") if request.param == "only lake in s3" else f"{s3}/landing"
    chosen = Places(lake, landing, tmp_path / "history")
    own = {"LAKE": lake, "LANDING": landing, "HISTORY": str(chosen.history), "PIPELINES": "lakehouse_assets.ecommerce"}
    for name, value in own.items():
        monkeypatch.setenv(f"LAKEHOUSE_{name}", value)
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    chosen.put(FIRST)
    return chosen


@pytest.mark.slow
@pytest.mark.parametrize("places", PLACES, indirect=True)
def test_files_are_loaded_archived_and_rebuilt_wherever_they_land(cli: Cli, places: Places) -> None:
    """Landing is empty afterwards, the archive has the files, and silver can be made anew from it."""
    assert "3 files" in cli(*RUN).out
    assert open_store(places.landing).list() == []
    assert len(open_store(places.lake).look("archived/").keys) == len(FIRST)
    assert cli(*COUNT).out == "n\n2\n"
    places.put(SECOND)
    assert cli(*RUN).code == 0
    done = cli("rebuild", "silver", "--table", "clean_orders")
    assert (done.code, done.err, "were done again and counted what they counted" in done.out) == (0, "", True)
    assert cli(*COUNT).out == "n\n3\n"


@pytest.mark.slow
def test_every_command_works_on_a_bucket(cli: Cli, places: Places) -> None:
    """Without a word on stderr; Dagster's history is the folder that is set, and nothing of it is in the bucket."""
    assert cli(*RUN).code == 0
    time.sleep(1)
    moment = datetime.now(UTC).isoformat()
    for command in (
        ("plan", "ecommerce"),
        ("sql", "SHOW TABLES"),
        ("sql", "SELECT * FROM ecommerce_gold.daily_sales", "--as-of", moment),
        ("restore", "clean_orders", "--as-of", moment),
        (*RUN, "--json"),
        ("rejects", "list"),
        ("rejects", "show", "--format", "csv"),
        ("rejects", "replay", "--code", "amount_invalid"),
        ("rejects", "close", "--code", "amount_invalid", "--reason", "known"),
        ("optimize",),
        ("vacuum",),
        ("checks",),
        ("checks", "--now"),
        ("relocate",),
        ("contracts", "check"),
        (*RUN, "--full-refresh"),
        (*RUN, "--reprocess", moment[:10]),
    ):
        done = cli(*command)
        assert (done.code, done.err) == (0, ""), (command, done)
    assert (places.history / "dagster.yaml").exists()
    assert not open_store(places.lake).has_any("dagster")


@pytest.mark.slow
def test_a_damaged_table_is_set_aside_and_made_anew(cli: Cli, places: Places) -> None:
    """A lost data file is named; what cannot be read is kept under `damaged`, and the rows are as they were."""
    assert cli(*RUN).code == 0
    store, table = open_store(places.lake), "lakehouse-dwh/clean_orders/"
    log = [found for found in store.list(f"{table}_delta_log/") if found.key.endswith(".json")]
    for found in log:
        store.put(found.key, b"{", if_match=found.etag)
    told = cli(*COUNT)
    assert (told.code != 0, told.err.count("\n"), "clean_orders` cannot be read" in told.err) == (True, 1, True)
    assert cli("rebuild", "silver", "--accept-differences").code == 0
    assert cli(*COUNT).out == "n\n2\n"
    kept = {key.rpartition("/")[2] for key in store.look("damaged/").keys}
    assert {found.key.rpartition("/")[2] for found in log} <= kept
    assert not store.has_any("rebuild/")


@pytest.mark.slow
@pytest.mark.usefixtures("places")
def test_of_two_runs_at_once_one_waits_for_the_other(cli: Cli, tmp_path: Path) -> None:
    """In processes of their own on one bucket; nothing is loaded twice."""
    ran = at_once(tmp_path, (*RUN, "--json"), (*RUN, "--json"))
    assert all(one.err.startswith(HELD) and one.err.count("\n") == 1 for one in ran if one.code)
    assert any(one.code == 0 for one in ran)
    assert cli(*RUN).code == 0
    assert cli(*COUNT).out == "n\n2\n"


COMMANDS = [RUN, ("plan", "ecommerce"), COUNT, ("rejects", "list"), ("checks",), ("rebuild", "silver"), ("vacuum",)]


@pytest.mark.usefixtures("places")
@pytest.mark.parametrize("command", COMMANDS, ids=[" ".join(command[:2]) for command in COMMANDS])
@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"LAKEHOUSE_LAKE": "s3://no-bucket/lake"}, "no bucket `no-bucket`"),
        ({"AWS_REGION": "us-east-2"}, "set AWS_REGION"),
        ({"AWS_REGION": None, "AWS_DEFAULT_REGION": None}, "no AWS region is set"),
        ({"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}, "AWS credentials cannot be used"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, "does not answer"),
    ],
    ids=["bucket", "region", "no region", "no keys", "no endpoint"],
)
def test_what_cannot_work_is_one_sentence(
    cli: Cli,
    monkeypatch: pytest.MonkeyPatch,
    command: tuple[str, ...],
    variables: dict[str, str | None],
    sentence: str,
) -> None:
    """Whatever is asked: it says what is wrong, with an exit code, and nothing else."""
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    for name, value in variables.items():
        if value is None:
            monkeypatch.delenv(name)
        else:
            monkeypatch.setenv(name, value)
    done = cli(*command)
    told = done.err + (done.out if sentence not in done.err else "")
    assert (done.code != 0, sentence in told, done.err.count("\n")) == (True, True, 1), done


def test_files_of_a_folder_are_not_taken_for_a_place_in_s3(cli: Cli, places: Places, tmp_path: Path) -> None:
    """A place that is none is refused with what is wrong with it; a lake that is not there yet says so."""
    put(tmp_path / "drops", FIRST)
    assert "a place in S3 is written `s3://bucket/prefix`" in cli(*RUN, "--lake", "s3://B/lake").err
    nothing = f"error: there is no lake at `{places.lake}-2`; `lakehouse run` makes one\n"
    assert cli("sql", "SHOW TABLES", "--lake", f"{places.lake}-2").err == nothing

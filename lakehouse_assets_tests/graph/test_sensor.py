"""The landing sensor against a real folder and a real run history."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.test_utils import create_run_for_test

from lakehouse_assets.definitions import build_definitions
from lakehouse_assets.graph import sensor_memory
from lakehouse_assets.graph.sentence import ToldError
from lakehouse_assets.settings import Settings
from lakehouse_assets.storage import folder, writers
from lakehouse_assets.storage.landing import WRITTEN
from lakehouse_assets_tests.graph.conftest import Shop


def sensor_of(shop: Shop) -> dg.SensorDefinition:
    """The landing sensor of the shop's definitions."""
    return shop.definitions.resolve_sensor_def("ecommerce_landing")


def tick(shop: Shop, cursor: str | None = None) -> Any:
    """One evaluation, as the daemon does it."""
    context = dg.build_sensor_context(instance=shop.instance, cursor=cursor, definitions=shop.definitions)
    return sensor_of(shop).evaluate_tick(context)


def pairs(answer: Any) -> list[tuple[str, ...]]:
    """The files of the only run request."""
    (request,) = answer.run_requests
    return [tuple(pair) for pair in request.run_config["ops"]["bronze__ecommerce_manifest"]["config"]["files"]]


def noted(shop: Shop, answer: Any, status: dg.DagsterRunStatus) -> None:
    """A run in the history, as the daemon makes it from the request."""
    (request,) = answer.run_requests
    create_run_for_test(shop.instance, job_name="ecommerce", tags=request.tags, status=status)


def test_it_is_on_and_polite() -> None:
    """It runs without being switched on, every thirty seconds at most."""
    sensor = build_definitions(Settings()).resolve_sensor_def("ecommerce_landing")
    assert sensor.default_status == dg.DefaultSensorStatus.RUNNING
    assert sensor.minimum_interval_seconds == 30


def test_landed_files_are_a_run_of_exactly_these(shop: Shop) -> None:
    """Keys and MD5 etags of what landed go to the plan step; other files do not."""
    shop.drop("products.csv", [("a",)])
    for name in ("notes.txt", "orders/1.csv.tmp", "orders/.hidden.csv", "elsewhere/1.csv"):
        shop.drop(name, [("a",)])
    shop.landing.joinpath("orders", "empty.csv").touch()
    # md5 of b"a\r\n", by md5sum
    assert pairs(tick(shop)) == [("products.csv", "933222b19ff3e7ea5f65517ea1f7d57e")]


def test_the_configuration_fits_the_job(shop: Shop) -> None:
    """The job runs with what the sensor asks for, and takes only that."""
    shop.drop("products.csv")
    asked = tick(shop).run_requests[0].run_config["ops"]["bronze__ecommerce_manifest"]["config"]
    shop.drop("orders/2025-04-01.csv")
    assert shop.run_with(asked).success
    assert shop.landed() == ["orders/2025-04-01.csv"]


def test_a_young_file_waits(shop: Shop) -> None:
    """Inside the quiet period the tick starts nothing and says why."""
    settings = shop.settings.model_copy(update={"quiet_seconds": 60.0})
    shop.drop("products.csv")
    answer = tick(Shop(settings, shop.instance, build_definitions(settings)))
    assert not answer.run_requests
    assert answer.skip_message == "1 not left alone for long enough"


def test_a_file_that_is_being_written_waits_however_old_it_is(shop: Shop) -> None:
    """An upload that pauses for longer than the quiet period is left alone, and named."""
    shop.drop("products.csv")
    with (shop.landing / "products.csv").open("a"):
        assert tick(shop).skip_message == f"products.csv is left alone: {WRITTEN}"
    assert len(pairs(tick(shop))) == 1


def test_an_archived_file_that_was_written_on_is_work(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system does not show who writes, the sensor finds out too, without any other file."""
    monkeypatch.setattr(writers, "is_being_written", lambda _: None)
    shop.drop("products.csv")
    with (shop.landing / "products.csv").open("a") as upload:
        assert shop.run().success
        assert not tick(shop).run_requests
        upload.write("9,9,Garden,Rake\n")
    assert [key for key, _ in pairs(tick(shop))] == ["products.csv"]
    assert (shop.landing / "products.csv").read_text().endswith("9,9,Garden,Rake\n")


@pytest.mark.parametrize("status", [dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTED])
def test_it_waits_for_the_run_it_asked_for(shop: Shop, status: dg.DagsterRunStatus) -> None:
    """While that run goes on, nothing is asked for, not even for new files."""
    shop.drop("products.csv")
    first = tick(shop)
    noted(shop, first, status)
    shop.drop("orders/2025-04-01.csv")
    assert tick(shop, first.cursor).skip_message == "a run is under way; what arrives meanwhile comes next"


def test_files_of_a_failed_run_are_offered_again_three_times(shop: Shop) -> None:
    """Each time under another run key and with its attempt as a tag; then they are given up."""
    shop.drop("products.csv")
    answers = [tick(shop)]
    while answers[-1].run_requests:
        noted(shop, answers[-1], dg.DagsterRunStatus.FAILURE)
        answers.append(tick(shop, answers[-1].cursor))
    requests = [answer.run_requests[0] for answer in answers[:-1]]
    assert [request.tags["lakehouse/attempt"] for request in requests] == ["1", "2", "3", "4"]
    assert len({request.run_key for request in requests}) == 4
    assert "given up after 4 runs" in answers[-1].skip_message


def test_a_reupload_under_the_same_name_is_a_new_run(shop: Shop) -> None:
    """After a run took the file, the same name with the same content is work again, under a new run key."""
    shop.drop("products.csv")
    first = tick(shop)
    shop.run()
    empty = tick(shop, first.cursor)
    shop.drop("products.csv")
    again = tick(shop, empty.cursor)
    assert (empty.cursor, empty.skip_message) == ("[]", "landing is empty")
    assert pairs(again) == pairs(first)
    assert again.run_requests[0].run_key != first.run_requests[0].run_key


def test_a_landing_that_does_not_answer_fails_the_tick(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """An outage is an error that shows, not a reason to skip."""

    def broken(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(folder, "walk", broken)
    with pytest.raises(ToldError, match="does not answer"):
        tick(shop)


def test_a_large_memory_is_kept_in_the_lake(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Dagster keeps its name only; files are not offered twice, and what is not needed any more is deleted."""
    monkeypatch.setattr(sensor_memory, "INLINE", 10)
    Path(shop.settings.lake_root).mkdir(exist_ok=True)
    kept = Path(shop.settings.lake_root) / "sensor" / "ecommerce"
    shop.drop("products.csv")
    first = tick(shop)
    assert len(first.cursor) < 80
    noted(shop, first, dg.DagsterRunStatus.FAILURE)
    shop.drop("orders/2025-04-01.csv")
    second = tick(shop, first.cursor)
    assert [key for key, _ in pairs(second)] == ["orders/2025-04-01.csv"]
    assert len(list(kept.iterdir())) == 2
    noted(shop, second, dg.DagsterRunStatus.FAILURE)
    third = tick(shop, second.cursor)
    assert third.run_requests[0].tags["lakehouse/attempt"] == "2"
    assert len(list(kept.iterdir())) == 2
    for path in kept.iterdir():
        path.unlink()
    assert len(pairs(tick(shop, third.cursor))) == 2
    for name in ("products.csv", "orders/2025-04-01.csv"):
        (shop.landing / name).unlink()
    assert tick(shop, second.cursor).cursor == "[]"


def test_a_landing_that_is_not_there_is_a_skip_that_says_so(shop: Shop) -> None:
    """A new installation has none yet; what is known of files is kept, and the folder is looked for again."""
    shop.drop("products.csv")
    first = tick(shop)
    shutil.rmtree(shop.landing)
    absent = tick(shop, first.cursor)
    assert absent.skip_message == f"landing `{shop.landing}` is no folder (yet)"
    assert (absent.run_requests, absent.cursor) == ([], first.cursor)
    assert not shop.landing.exists()

"""The shop in production: files that land start the machine, and its tables are those of a lake in a folder."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from lakehouse_assets.ecommerce.sample import SampleSpec, write_sample
from lakehouse_assets_tests.e2e.comparing import contents
from lakehouse_assets_tests.e2e.conftest import QUIET_SECONDS
from lakehouse_assets_tests.e2e.production import Execution, Production
from lakehouse_assets_tests.e2e.small import batch, order, wrong_orders
from lakehouse_assets_tests.lake import LakeDriver, folder_files
from lakehouse_assets_tests.load.test_real import AS_OF, GOLD
from lakehouse_assets_tests.recorded import is_recorded, recorded_folder


@pytest.fixture(scope="module")
def five_days(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five days of drops, eleven files: the recorded ones, or generated ones where those are not there."""
    if is_recorded(recorded_folder()):
        return recorded_folder()
    folder = tmp_path_factory.mktemp("five-days")
    write_sample(SampleSpec(days=5, orders_per_day=100), folder)
    return folder


@pytest.fixture(scope="module")
def first(production: Production, five_days: Path) -> Execution:
    """The run that the five days have started by landing."""
    production.drop(five_days)
    return production.started_by_itself("ecommerce")


def test_files_that_land_start_one_run_that_ends_with_the_tables_of_a_folder(
    production: Production, first: Execution, five_days: Path, tmp_path: Path
) -> None:
    """Five days, eleven events: silver and gold are row for row what a load of a folder makes."""
    folder = LakeDriver(tmp_path)
    folder.load(*folder_files(five_days), as_of=AS_OF)
    for name in GOLD:
        folder.gold(name)
    assert (first.status, first.error) == ("SUCCEEDED", "")
    assert contents(production.lake) == contents(folder.value.root)
    assert production.executions("ecommerce") == [first.arn]


def test_its_files_are_archived_and_people_are_told_once(production: Production, first: Execution) -> None:
    """The message says what the checks warned of; no file stays in landing."""
    (message,) = production.told()
    assert message.attributes == {"kind": "run_warned", "pipeline": "ecommerce", "run_id": first.name}
    assert "WARN daily_sales.freshness: newest 2025-04-0" in message.body
    archived = production.keys(production.outputs["LakeBucket"], "archived/ecommerce/")
    assert (production.landed(), len(archived)) == ([], 11)
    assert production.report(first.name)["archived"] == 11


def test_the_subscription_of_an_address_waits_for_its_owner(production: Production) -> None:
    """AWS sends nothing to an address before its owner has agreed."""
    sns = production.client("sns")
    found = sns.list_subscriptions_by_topic(TopicArn=production.outputs["Topic"])["Subscriptions"]
    (mail,) = (one for one in found if one["Protocol"] == "email")
    attributes = sns.get_subscription_attributes(SubscriptionArn=mail["SubscriptionArn"])["Attributes"]
    assert (mail["Endpoint"], attributes["PendingConfirmation"]) == ("etl@example.com", "true")


@pytest.mark.usefixtures("first")
def test_an_empty_wake_up_and_a_run_without_news_change_nothing(production: Production) -> None:
    """An empty file wakes the pipeline in vain; a run by hand ends at once, tells nobody and holds nothing."""
    before = production.executions("ecommerce")
    production.put("orders/empty.csv", b"")
    time.sleep(3 * float(QUIET_SECONDS))
    production.remove("orders/empty.csv")
    again = production.run("ecommerce")
    assert (again.status, again.output["status"]) == ("SUCCEEDED", "nothing_to_do")
    assert production.told() == []
    assert production.holder() is None
    assert set(production.executions("ecommerce")) - set(before) == {again.arn}


@pytest.mark.usefixtures("first")
def test_a_second_drop_with_bad_rows_and_files_is_loaded_without_them(production: Production) -> None:
    """Two rows of ten are rejected with their code, a binary file is refused and kept apart; one message tells both."""
    for key, body in batch(1).items():
        production.put(key, body)
    production.put("orders/some-wrong.csv", wrong_orders(1, bad=2, good=8))
    production.put("orders/binary.csv", bytes(range(256)) * 4)
    done = production.started_by_itself("ecommerce")
    assert done.status == "SUCCEEDED"
    report = production.report(done.name)
    assert (report["rejects"], report["refused_files"]) == ({"date_invalid": 2}, ["orders/binary.csv"])
    (message,) = production.told()
    assert "orders/binary.csv" in message.body
    assert "date_invalid 2" in message.body
    assert len(production.keys(production.outputs["LakeBucket"], "quarantine/ecommerce/")) == 1


@pytest.mark.usefixtures("first")
def test_a_burst_of_events_is_one_run(production: Production) -> None:
    """Thirty files of one batch wake the pipeline thirty times."""
    before = set(production.executions("ecommerce"))
    for number in range(30):
        production.put(f"orders/burst-{number}.csv", order(3000 + number))
    done = production.started_by_itself("ecommerce")
    assert done.status == "SUCCEEDED"
    production.until(lambda: production.waiting_events() == 0)
    assert set(production.executions("ecommerce")) - before == {done.arn}
    assert production.report(done.name)["archived"] == 30
    production.told()


@pytest.mark.e2e_all
@pytest.mark.usefixtures("first")
def test_thousands_of_small_files_are_archived_in_slices(production: Production) -> None:
    """2,500 files are loaded in one run and moved in several calls; what a state carries stays small."""
    production.land({f"orders/many-{number}.csv": order(10_000 + number) for number in range(2500)})
    done = production.run("ecommerce")
    assert (done.status, done.cause) == ("SUCCEEDED", "")
    assert production.report(done.name)["archived"] == 2500
    assert done.states.count("ArchiveProcessedFiles") > 2
    assert production.landed() == []
    production.told()


@pytest.mark.e2e_all
@pytest.mark.usefixtures("first")
def test_thousands_of_refused_files_are_told_and_kept_apart(production: Production) -> None:
    """6,500 files that are no CSV: the run succeeds without them, and its message is one that SNS takes."""
    held = len(production.keys(production.outputs["LakeBucket"], "quarantine/ecommerce/"))
    name = "orders/a-file-that-has-a-longer-name-than-usual-{:05}.csv".format
    production.land({name(number): bytes([0, 1, 2, 255]) for number in range(6500)})
    done = production.run("ecommerce")
    assert (done.status, done.cause) == ("SUCCEEDED", "")
    (message,) = production.told()
    assert "6480 more" in message.body.replace(",", "")
    assert len(production.keys(production.outputs["LakeBucket"], "quarantine/ecommerce/")) == held + 6500

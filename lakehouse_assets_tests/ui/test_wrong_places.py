"""A wrong setting, lake or landing is one sentence of ours wherever the UI shows it, never a stack of calls."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import boto3
import pytest

from lakehouse_assets.operations import history
from lakehouse_assets.operations.running import Asked, run
from lakehouse_assets.settings import Settings
from lakehouse_assets_tests.emulator.running import running
from lakehouse_assets_tests.graph.conftest import drop_known_files
from lakehouse_assets_tests.ui.services import daemon, served

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.ui, pytest.mark.slow]

ELSEWHERE = re.compile(r"was made at|lies in another lake|was copied or moved")


def no_stack(page: Page) -> None:
    """Nothing of Python's is on the page."""
    text = page.inner_text("body")
    assert "Traceback" not in text
    assert "Stack Trace" not in text
    assert 'File "/' not in text


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The UI and its daemon on a copy of a lake, whose landing is in S3 without any credentials for it."""
    root = tmp_path_factory.mktemp("wrong")
    first = Settings(lake=root / "first", landing=root / "landing", duckdb_threads=1)
    drop_known_files(root / "landing")
    run(first, Asked("ecommerce"))
    shutil.copytree(root / "first", root / "copy", symlinks=True)
    settings = Settings(lake=root / "copy", landing="s3://acme-drops/shop")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_ENDPOINT_URL"):
            patch.delenv(name, raising=False)
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        patch.setenv("AWS_CONFIG_FILE", str(root / "none"))
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(root / "none"))
        patch.setenv("AWS_REGION", "eu-west-1")
        with daemon(settings), served(settings) as address:
            yield address


@pytest.fixture(scope="module")
def forbidden(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The UI and its daemon as somebody who has no right to the bucket of landing."""
    root = tmp_path_factory.mktemp("forbidden")
    with running(AUTH="true") as emulator, pytest.MonkeyPatch.context() as patch:
        for name, value in emulator.variables.items():
            patch.setenv(name, value)
        boto3.client("s3").create_bucket(
            Bucket="acme-drops", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
        )
        boto3.client("iam").create_user(UserName="nobody")
        key = boto3.client("iam").create_access_key(UserName="nobody")["AccessKey"]
        patch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
        patch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
        settings = Settings(lake=root / "lake", landing="s3://acme-drops/shop")
        history.require_usable(settings)
        with daemon(settings), served(settings) as address:
            yield address


def test_a_code_location_that_cannot_be_loaded(
    page: Page, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says which setting is wrong and what is allowed."""
    root = tmp_path_factory.mktemp("setting")
    monkeypatch.setenv("LAKEHOUSE_ZONES__ECOMMERCE", "Mars/Base")
    with served(Settings.model_construct(lake=str(root / "lake"), landing=str(root), engine="duckdb")) as address:
        page.goto(f"{address}/locations")
        page.get_by_text("View error").first.click()
        page.get_by_text(
            "LAKEHOUSE_ZONES__ECOMMERCE is `Mars/Base`, allowed is a time zone", exact=False
        ).first.wait_for()
        no_stack(page)


def test_a_run_from_the_launchpad(page: Page, copied: str) -> None:
    """On a lake that was copied it fails with where the lake was made and what to do."""
    page.goto(f"{copied}/locations/lakehouse/jobs/ecommerce/playground")
    page.get_by_role("button", name="Launch Run").click()
    page.wait_for_url(re.compile(r"/runs/[0-9a-f-]{36}"), timeout=60_000)
    page.get_by_text("Failure", exact=True).first.wait_for(timeout=180_000)
    page.get_by_text(ELSEWHERE).first.wait_for()
    no_stack(page)


def test_an_asset_that_is_materialized(page: Page, copied: str) -> None:
    """It fails as the job does."""
    page.goto(f"{copied}/assets/gold/daily_sales")
    with page.expect_response(lambda answer: "mutation Launch" in (answer.request.post_data or ""), timeout=60_000):
        page.get_by_role("button", name="Materialize").first.click()
    page.goto(f"{copied}/runs")
    page.get_by_text("daily_sales").first.wait_for(timeout=60_000)
    page.get_by_text(re.compile(r"^[0-9a-f]{8}$")).first.click()
    page.get_by_text("Failure", exact=True).first.wait_for(timeout=180_000)
    page.get_by_text(ELSEWHERE).first.wait_for()
    no_stack(page)


def test_a_tick_of_the_landing_sensor(page: Page, copied: str) -> None:
    """It fails with what is missing to reach the landing."""
    page.goto(f"{copied}/locations/lakehouse/sensors/ecommerce_landing")
    page.get_by_text("Failure", exact=True).first.wait_for(timeout=120_000)
    page.get_by_text("View", exact=True).first.click()
    page.get_by_text(re.compile("credentials", re.IGNORECASE)).first.wait_for()
    no_stack(page)


def test_a_missing_right_in_a_run(page: Page, forbidden: str) -> None:
    """It fails with the bucket that this user may not use."""
    page.goto(f"{forbidden}/locations/lakehouse/jobs/ecommerce/playground")
    page.get_by_role("button", name="Launch Run").click()
    page.wait_for_url(re.compile(r"/runs/[0-9a-f-]{36}"), timeout=60_000)
    page.get_by_text("Failure", exact=True).first.wait_for(timeout=180_000)
    page.get_by_text("this user may not use `s3://acme-drops", exact=False).first.wait_for()
    no_stack(page)


def test_a_missing_right_in_a_tick(page: Page, forbidden: str) -> None:
    """The sensor that looks into landing says the same."""
    page.goto(f"{forbidden}/locations/lakehouse/sensors/ecommerce_landing")
    page.get_by_text("Failure", exact=True).first.wait_for(timeout=120_000)
    page.get_by_text("View", exact=True).first.click()
    page.get_by_text("this user may not use `s3://acme-drops", exact=False).first.wait_for()
    no_stack(page)


def test_a_schedule_that_is_tried(page: Page, forbidden: str) -> None:
    """A tick of the daily schedule is a request for one run, with the tick in its name; the run says what is wrong."""
    page.goto(f"{forbidden}/locations/lakehouse/schedules/ecommerce_daily")
    page.get_by_role("button", name="Preview tick result").click()
    page.get_by_role("button", name="Continue").click()
    page.get_by_text("1 run requests", exact=True).first.wait_for()
    no_stack(page)

"""What people start by hand in the UI: everything, or a few assets, through Dagster's implicit job."""

from __future__ import annotations

import sys
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.code_pointer import CodePointer
from dagster._core.definitions.reconstruct import ReconstructableRepository

from lakehouse_assets_tests.graph.conftest import IMPLICIT, Shop, built_checks
from lakehouse_assets_tests.graph.test_alerts import told_by
from lakehouse_assets_tests.graph.test_job import checks, metadata, steps

SALES = dg.AssetKey(["gold", "daily_sales"])


@pytest.fixture
def behind(shop: Shop) -> Shop:
    """A shop whose gold has not caught up with silver."""
    shop.drop_all()
    plan = {"bronze/ecommerce_manifest", "silver/clean_products", "silver/clean_orders", "silver/clean_orders_items"}
    assert shop.materialize(*plan, checks=shop.checks_of("silver")).success
    return shop


def test_everything_goes_well_with_the_executor_that_the_ui_uses(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`Materialize all` keeps one process, hence one lease, from landing to archive; places come from the settings."""
    shop.drop_all()
    monkeypatch.setenv("LAKEHOUSE_LAKE", str(shop.settings.lake))
    monkeypatch.setenv("LAKEHOUSE_LANDING", str(shop.settings.landing))
    # The code location reads the settings when it is loaded.
    monkeypatch.delitem(sys.modules, "lakehouse_assets.definitions")
    pointer = CodePointer.from_module("lakehouse_assets.definitions", "defs", str(tmp_path))
    job = ReconstructableRepository(pointer).get_reconstructable_job(IMPLICIT)
    assert job.get_definition().executor_def.name == "in_process"
    with (
        dg.DagsterInstance.local_temp(str(tmp_path)) as instance,
        dg.execute_job(job, instance=instance, run_config=shop.quiet) as result,
    ):
        assert result.success
    assert shop.landed() == []


def test_one_gold_asset_catches_up_by_itself(behind: Shop) -> None:
    """It takes what the ledger says it has not seen; nothing else runs, and the second time there is nothing left."""
    first, second = behind.materialize("gold/daily_sales"), behind.materialize("gold/daily_sales")
    assert steps(first, "STEP_SUCCESS") == steps(second, "STEP_SUCCESS") == {"gold__daily_sales"}
    assert metadata(first, *SALES.path)["rows_inserted"] == 1
    assert [metadata(run, *SALES.path)["runs_caught_up"] for run in (first, second)] == [1, 0]


def test_one_gold_asset_brings_its_own_checks_only(behind: Shop) -> None:
    """The checks of the other tables stay unasked; freshness is judged by today."""
    own = {key for key in behind.checks_of("gold") if key.asset_key == SALES}
    result = behind.materialize("gold/daily_sales", checks=own)
    assert result.success
    assert set(checks(result)) == {key.to_user_string() for key in own}
    assert not checks(result)["gold/daily_sales:freshness"].passed


def test_one_check_is_asked_by_itself(behind: Shop) -> None:
    """Without its asset, and without its neighbours."""
    one = dg.AssetCheckKey(dg.AssetKey(["silver", "clean_orders"]), "keys_unique")
    assert set(checks(behind.materialize(checks={one}))) == {"silver/clean_orders:keys_unique"}


def test_a_gold_asset_by_itself_is_reported_as_work(behind: Shop) -> None:
    """Its run report says that it succeeded and what was built, although nothing was planned."""
    result = behind.materialize("gold/daily_sales")
    told_by(behind, "ecommerce_failed_checks", result)
    report = behind.report(result.run_id)
    assert (report["status"], report["gold"]["daily_sales"]["inserted"]) == ("succeeded", 1)


def test_one_gold_asset_is_built_whole_when_its_launchpad_says_so(behind: Shop) -> None:
    """The configuration of its step is the field of a request; the run's report says why the table was rebuilt."""
    whole = behind.definitions.resolve_job_def(IMPLICIT)
    job = whole.get_subset(asset_selection={SALES}, asset_check_selection=built_checks({SALES}))
    ops = {SALES.to_python_identifier(): {"config": {"full_refresh": True}}}
    for _ in range(2):
        result = job.execute_in_process(instance=behind.instance, run_config={"ops": ops, **behind.quiet})
        assert metadata(result, *SALES.path)["rebuilt"] == "a full refresh was asked for"

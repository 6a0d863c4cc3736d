"""The Glue job `Lakehouse`, called as Glue calls it: arguments in, tables and a report out, one sentence when not."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from glue.jobs.lakehouse import main
from lakehouse_assets.compute.job_arguments import arguments, manifest_of, work_of
from lakehouse_assets.errors import BadRequest, FenceLost, LeaseHeld
from lakehouse_assets.storage.held import holding
from lakehouse_assets.storage.lease import Lease, lease_key
from lakehouse_assets.storage.runs import RunFolder
from lakehouse_assets_tests.lake import LakeDriver, csv_file

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

PRODUCTS = csv_file(
    "products", "products.csv", "product_id,department_id,department,product_name\n1,4,Books,Atlas\n2,4,Books,\n"
)
GLUES_OWN = ["--JOB_NAME", "Lakehouse", "--enable-metrics", "true", "--TempDir", "s3://x/tmp/"]


@pytest.fixture
def lake(tmp_path: Path) -> LakeDriver:
    """A lake with one run planned: two products, one of them without a name."""
    found = LakeDriver(tmp_path)
    manifest = found.work(found.drop(PRODUCTS)).manifest
    RunFolder(found.value.store, "ecommerce", "run-1").write("manifest", manifest.to_dict())
    return found


def argv(lake: LakeDriver, **changes: str) -> list[str]:
    """The job's arguments for the planned run."""
    given = {
        "run-id": "run-1",
        "manifest-uri": f"{lake.root}/runs/ecommerce/run-1/manifest.json",
        "lake-root": str(lake.root),
        "as-of": "2025-04-06T00:00:00+00:00",
        "run-mode": "load",
    } | changes
    return [*GLUES_OWN, *(text for name, value in given.items() for text in (f"--{name}", value))]


@pytest.mark.spark
@pytest.mark.usefixtures("spark")
@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
def test_the_job_loads_reports_and_says_so(lake: LakeDriver, capsys: pytest.CaptureFixture[str]) -> None:
    """Silver holds the good row, the report lies in the run's folder, one line tells what happened."""
    main(argv(lake))
    assert list(lake.silver()["products"]) == ["1"]
    report = json.loads((lake.root / "runs/ecommerce/run-1/load.json").read_text())
    assert (report["engine"], report["tables"]["clean_products"]["rejects"]) == ("spark", {"product_name_missing": 1})
    line = capsys.readouterr().out.splitlines()[-1]
    assert line.startswith("lakehouse: run run-1 took ")
    assert "clean_products: 2 read, 1 new, 0 updated, 0 unchanged, 1 rejected, 0 pending" in line


@pytest.mark.spark
def test_a_run_whose_lease_another_run_took_writes_nothing(lake: LakeDriver, spark: SparkSession) -> None:
    """The lease in the lake keeps a stale holder out; the sentence names the holder."""
    del spark
    with (
        Lease(lake.value.store, "ecommerce").acquire("run-2"),
        pytest.raises(SystemExit, match="run `run-2`"),
    ):
        main(argv(lake))
    assert not (lake.root / "lakehouse-dwh").exists()


@pytest.mark.spark
@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
def test_the_run_that_holds_the_lease_keeps_it(lake: LakeDriver, spark: SparkSession) -> None:
    """The job shares the hold of its run's other steps and does not release it."""
    del spark
    lease = Lease(lake.value.store, "ecommerce").acquire("run-1")
    main(argv(lake))
    lease.check()
    lease.release()
    assert json.loads((lake.root / lease_key("ecommerce")).read_text())["run_id"] == "run-1"


@pytest.mark.spark
def test_the_job_joins_the_hold_of_its_execution(lake: LakeDriver, spark: SparkSession) -> None:
    """By its fence, which goes on afterwards; with one that is over it writes nothing."""
    del spark
    lease = Lease(lake.value.store, "ecommerce").acquire("run-1", hold_seconds=600)
    lease.leave()
    with pytest.raises(SystemExit, match="FenceLost: run `run-1` lost the lease"):
        main([*argv(lake), "--fence", str(lease.fence + 1)])
    assert not (lake.root / "lakehouse-dwh" / "clean_products").exists()
    main([*argv(lake), "--fence", str(lease.fence)])
    lease.check()


def test_in_a_lake_without_a_lease_the_job_takes_one(lake: LakeDriver) -> None:
    """The first run of a lake keeps all others out while it works, and gives the pipeline back."""
    store, manifest = lake.value.store, manifest_of(arguments(argv(lake)))
    assert store.stat(lease_key("ecommerce")) is None
    with holding(store, manifest.pipeline, manifest.run_id, None) as lease:
        lease.check()
        with pytest.raises(LeaseHeld, match="run `run-1`"):
            Lease(store, "ecommerce").acquire("run-2")
    Lease(store, "ecommerce").acquire("run-2").release()


def test_a_job_whose_lease_was_taken_over_may_not_commit(lake: LakeDriver) -> None:
    """The guard asks the lease before each commit, also in a lake that had none when the job began."""
    store, manifest = lake.value.store, manifest_of(arguments(argv(lake)))
    with holding(store, manifest.pipeline, manifest.run_id, None) as lease:
        (lake.root / lease_key("ecommerce")).unlink()
        with Lease(store, "ecommerce").acquire("run-2"), pytest.raises(FenceLost, match="`run-2`"):
            lease.check()


def test_the_clock_of_the_job_goes_before_the_manifests(lake: LakeDriver) -> None:
    """The run's clock is what the job was asked for; without, it is the manifest's."""
    asked = arguments(argv(lake, **{"as-of": "2025-04-07T00:00:00+00:00"}))
    assert manifest_of(asked).as_of == datetime(2025, 4, 7, tzinfo=UTC)
    asked.as_of = None
    assert manifest_of(asked).as_of == datetime(2025, 4, 6, tzinfo=UTC)


def test_the_share_of_rejects_is_what_the_run_was_asked(tmp_path: Path) -> None:
    """The frozen request carries it to the load, whoever starts the job."""
    lake = LakeDriver(tmp_path)
    manifest = lake.work(lake.drop(PRODUCTS), max_reject_ratio=0.5).manifest
    RunFolder(lake.value.store, "ecommerce", "run-1").write("manifest", manifest.to_dict())
    work = work_of(manifest_of(arguments(argv(lake))), lake.value)
    assert work.max_reject_ratio == pytest.approx(0.5)


def test_a_clock_with_an_offset_is_taken_in_utc(lake: LakeDriver) -> None:
    """The run's clock is the moment that was meant, whatever offset it was written with."""
    manifest = manifest_of(arguments(argv(lake, **{"as-of": "2025-04-06T01:00:00+02:00"})))
    assert manifest.as_of.replace(tzinfo=None).isoformat() == "2025-04-05T23:00:00"


def test_a_missing_argument_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    """A job that lacks an argument ends like any other failure, with the error's name first."""
    with pytest.raises(SystemExit, match=r"BadRequest: job `Lakehouse`: .*--manifest-uri"):
        main(["--run-id", "r", "--lake-root", "/lake"])
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(("option", "value"), [("run-id", "run-9"), ("run-mode", "replay")])
def test_a_manifest_of_another_run_or_mode_is_refused(lake: LakeDriver, option: str, value: str) -> None:
    """A job never works on a manifest that is not the one it was started for."""
    with pytest.raises(BadRequest, match=f"--{option} is `{value}`"):
        manifest_of(arguments(argv(lake, **{option: value})))


@pytest.mark.parametrize("content", ["", "[]", '{"run_id": "run-1"}'])
def test_what_is_no_manifest_is_named(lake: LakeDriver, content: str) -> None:
    """A broken manifest ends the job with one sentence, not a traceback."""
    Path(lake.root / "broken.json").write_text(content)
    with pytest.raises(SystemExit, match="is no manifest"):
        main(argv(lake, **{"manifest-uri": f"{lake.root}/broken.json"}))


def test_a_manifest_that_is_absent_is_named(lake: LakeDriver) -> None:
    """A wrong address ends the job with one sentence."""
    with pytest.raises(SystemExit, match=r"`none\.json` does not exist"):
        main(argv(lake, **{"manifest-uri": f"{lake.root}/none.json"}))


def test_a_heap_that_is_too_small_is_named_with_the_way_out(lake: LakeDriver, monkeypatch: pytest.MonkeyPatch) -> None:
    """What Spark raises is no error of ours; the job ends with ours all the same."""

    def fails(_asked: object) -> None:
        raise RuntimeError(
            "Lost task 1.0 in stage 0.0: java.lang.OutOfMemoryError: Java heap space\n\tat a.b(C.scala:1)"
        )

    monkeypatch.setattr("glue.jobs.lakehouse.run", fails)
    with pytest.raises(SystemExit, match=r"^HeapExhausted: .*Java heap space\).*larger worker type or more workers"):
        main(argv(lake))

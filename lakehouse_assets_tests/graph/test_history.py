"""Runs of the state machines show up in Dagster's history beside its own, each of their events once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.definitions.asset_checks.asset_check_evaluation import AssetCheckEvaluationPlanned

from lakehouse_assets.compute.recording import entries, history_key
from lakehouse_assets.definitions import build_definitions
from lakehouse_assets.ecommerce.pipeline import PIPELINE
from lakehouse_assets.graph.alerts import Watch, concerns
from lakehouse_assets.graph.check_history import evaluation_of, found, latest_record, standing_metadata
from lakehouse_assets.graph.history import OVERLAP, Seen, missing, name_of, new_runs
from lakehouse_assets.graph.history_events import Event
from lakehouse_assets.graph.landing_checks import news_of_landing
from lakehouse_assets.graph.machine_runs import show
from lakehouse_assets.settings import read_settings
from lakehouse_assets.storage.folder import FolderStore
from lakehouse_assets.storage.lake import lake_of
from lakehouse_assets_tests.graph.conftest import Shop
from lakehouse_assets_tests.machine_run import MachineRun, outcome

ORDERS, SALES = dg.AssetKey(["silver", "clean_orders"]), dg.AssetKey(["gold", "daily_sales"])
NOTHING = Seen()
FRESH = dg.AssetCheckKey(SALES, "freshness")


@pytest.fixture
def ran(shop: Shop, tmp_path: Path) -> MachineRun:
    """A run of the machine in the shop's lake, one of whose checks warned."""
    shop.drop_all()
    run = MachineRun(tmp_path, "e1", "2026-11-26T09:00:00Z")
    run.whole(outcome("gold.daily_sales freshness", failing=1, statistics={"DataScannedInBytes": 77}))
    return run


def told(shop: Shop, seen: Seen = NOTHING, *, at_most: int | None = None) -> Seen:
    """A tick of the sensor as Dagster's daemon makes it, which may die after some of its events."""
    runs, now = new_runs(PIPELINE, lake_of(shop.settings), seen)
    for run in runs:
        show(shop.instance, run, shop.settings)
    for event in missing(shop.instance, runs)[:at_most]:
        shop.instance.report_runless_asset_event(event)
    return now if at_most is None else seen


def history(shop: Shop) -> Counter[tuple[str, str, str | None]]:
    """How often the history has each event of the machine's runs."""
    found: list[Event] = []
    for key in PIPELINE.keys | {key.asset_key for layer in ("silver", "gold") for key in shop.checks_of(layer)}:
        wanted = dg.AssetRecordsFilter(key)
        made = shop.instance.fetch_materializations(wanted, limit=99).records
        seen = shop.instance.fetch_observations(wanted, limit=99).records
        found += [r.asset_materialization or r.asset_observation for r in (*made, *seen) if r.run_id == ""]  # type: ignore[misc] # one of both
    for layer in ("silver", "gold"):
        for check in shop.checks_of(layer):
            past = shop.instance.event_log_storage.get_asset_check_execution_history(check, limit=99)
            found += [e for r in past if r.run_id == "" and (e := evaluation_of(r))]
    return Counter(name_of(event) for event in found)


def metadata(shop: Shop, key: dg.AssetKey) -> dict[str, Any]:
    """What the latest materialization of an asset says."""
    event = shop.instance.get_latest_materialization_event(key)
    assert event is not None
    assert event.asset_materialization is not None
    return {name: value.value for name, value in event.asset_materialization.metadata.items()}


def test_tables_show_counts_run_and_link(shop: Shop, ran: MachineRun) -> None:
    """As after a run of Dagster's own, and with who made it."""
    told(shop)
    found = metadata(shop, ORDERS)
    assert (found["rows_inserted"], found["engine"], found["runtime"]) == (2, "duckdb", "stepfunctions")
    assert (found["run_id"], found["link"]) == (ran.run_id, "https://console/e1")
    assert metadata(shop, SALES)["engine"] == "athena"
    assert metadata(shop, PIPELINE.manifest_key)["files_orders"] == 1
    assert metadata(shop, dg.AssetKey(["archive", "ecommerce_files"]))["moved"] == 3


def test_checks_show_what_the_machine_found(shop: Shop, ran: MachineRun) -> None:
    """One that warned, with the bytes its query scanned, and those that the load has answered."""
    told(shop)
    warned = evaluation_of(latest_record(shop.instance, FRESH))
    assert warned is not None
    assert (warned.passed, warned.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert (warned.metadata["scanned_bytes"].value, warned.metadata["run_id"].value) == (77, ran.run_id)
    added_up = evaluation_of(latest_record(shop.instance, dg.AssetCheckKey(ORDERS, "reconciliation")))
    assert added_up is not None
    assert added_up.passed


def test_a_machines_result_that_is_said_again_names_its_run(shop: Shop, ran: MachineRun) -> None:
    """As text, since there is no run of Dagster's to link to; also when it is said once more."""
    told(shop)
    record = latest_record(shop.instance, FRESH)
    past = evaluation_of(record)
    assert record is not None
    assert past is not None
    first = standing_metadata(found(record, past))
    assert first["found_in_run"] == dg.MetadataValue.text(ran.run_id)
    again = dg.AssetCheckEvaluation(asset_key=SALES, check_name="freshness", passed=False, metadata=first)
    assert standing_metadata(found(record, again)) == first


@pytest.mark.parametrize("after", [0, 1, 7, 1000])
def test_each_event_is_there_once_whatever_dies(shop: Shop, ran: MachineRun, after: int) -> None:
    """A tick that died after some of its events is repeated from its old cursor, and only the rest is reported."""
    del ran
    seen = told(shop, at_most=after)
    seen = told(shop, seen)
    for _ in range(2):
        seen = told(shop, seen)
    found = history(shop)
    assert set(found.values()) == {1}
    kinds = Counter(name.partition(" ")[0] for name, _, _ in found)
    # Three of landing, the plan, three of silver, three of gold and the archive; of checks the machine asked one.
    assert (kinds["AssetMaterialization"], kinds["AssetCheckEvaluation"] > 6) == (11, True)


def test_two_runs_have_their_events_each(shop: Shop, ran: MachineRun, tmp_path: Path) -> None:
    """The second changes one product, and its events are there beside those of the first."""
    del ran
    seen = told(shop)
    shop.drop("products.csv")
    MachineRun(tmp_path, "e2").whole()
    told(shop, seen)
    assert history(shop)["AssetMaterialization silver/clean_products", "", None] == 2


def test_an_entry_that_comes_late_is_taken(shop: Shop, ran: MachineRun) -> None:
    """It ended before the one that was taken last, and was written after it."""
    del ran
    seen = told(shop)
    store = FolderStore(Path(shop.settings.lake_root))
    ((key, entry),) = entries(store, "ecommerce")
    early = (datetime.fromisoformat(entry["ended_at"]) - OVERLAP / 2).isoformat()
    late = store.read(key).decode().replace(entry["ended_at"], early).replace(entry["run_id"], "late")
    store.put(history_key("ecommerce", early, "late"), late.encode())
    told(shop, seen)
    assert history(shop)["AssetObservation bronze/ecommerce_manifest", "", None] == 1


def test_runs_of_dagsters_own_are_not_taken(shop: Shop) -> None:
    """They are in its history, though the lake's history has them too."""
    shop.drop_all()
    result = shop.run()
    run = shop.instance.get_run_by_id(result.run_id)
    assert run
    Watch("ecommerce", lake_of(shop.settings)).tell(shop.instance, run)
    assert len(list(entries(FolderStore(Path(shop.settings.lake_root)), "ecommerce"))) == 1
    told(shop)
    assert history(shop) == Counter()


def shown(shop: Shop) -> list[dg.RunRecord]:
    """The runs that Dagster lists."""
    return list(shop.instance.get_run_records())


def logs(shop: Shop, record: dg.RunRecord) -> list[dg.DagsterEvent]:
    """What stands in the log of a run."""
    return [e.dagster_event for e in shop.instance.all_logs(record.dagster_run.run_id) if e.dagster_event]


def test_a_machines_run_is_one_of_dagsters(shop: Shop, ran: MachineRun) -> None:
    """Once, of its job, from its beginning to its end; its page names execution, report and rejects, its assets it."""
    seen = told(shop, at_most=3)
    told(shop, seen)
    (record,) = shown(shop)
    assert (record.dagster_run.job_name, record.dagster_run.status) == ("ecommerce", dg.DagsterRunStatus.SUCCESS)
    ((_, entry),) = entries(FolderStore(ran.root / "lake"), "ecommerce")
    assert record.end_time == datetime.fromisoformat(entry["ended_at"]).timestamp()
    assert record.start_time == datetime.fromisoformat("2026-11-26T09:00:00Z").timestamp()
    said = logs(shop, record)
    (page,) = (event.engine_event_data.metadata for event in said if event.event_type_value == "ENGINE_EVENT")
    assert (page["execution"].value, page["link"].value) == (ran.arn, "https://console/e1")
    assert {"report", "manifest", "rejects", "cost_usd"} <= set(page)
    assert metadata(shop, ORDERS)["run"] == record.dagster_run.run_id
    assert len(said) == 3


def test_a_failed_machines_run_says_why_and_is_told_to_nobody_again(shop: Shop, tmp_path: Path) -> None:
    """Its machine has told it; its page shows state and cause."""
    shop.drop_all()
    run = MachineRun(tmp_path, "e1")
    run.planned()
    run.recorded({"State": "gold/daily_sales", "Error": "States.TaskFailed", "Cause": "no such table"})
    told(shop)
    (record,) = shown(shop)
    assert record.dagster_run.status == dg.DagsterRunStatus.FAILURE
    (failed,) = (event.message for event in logs(shop, record) if event.event_type_value == "PIPELINE_FAILURE")
    assert failed == "gold/daily_sales: no such table"
    assert not concerns(PIPELINE, record.dagster_run)


@pytest.mark.parametrize("said", [0, 1, 2])
def test_a_tick_that_dies_while_it_shows_a_run_is_made_up_for(
    shop: Shop, ran: MachineRun, said: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though Dagster has called the run failed meanwhile; in the end it is what the machine's was, and has its page."""
    (run,), _ = new_runs(PIPELINE, lake_of(shop.settings), NOTHING)
    report, left = shop.instance.report_dagster_event, iter(range(said))

    def dying(*given: Any, **more: Any) -> None:
        if next(left, None) is None:
            raise KeyboardInterrupt
        report(*given, **more)

    monkeypatch.setattr(shop.instance, "report_dagster_event", dying)
    with pytest.raises(KeyboardInterrupt):
        show(shop.instance, run, shop.settings)
    monkeypatch.undo()
    half = shop.instance.get_run_by_id(run.dagster_id)
    assert half is not None
    if not half.is_finished:
        shop.instance.report_run_failed(half, "nobody carries it")
    told(shop)
    (record,) = shown(shop)
    assert (record.dagster_run.status, ran.arn in str(logs(shop, record))) == (dg.DagsterRunStatus.SUCCESS, True)


def test_a_run_that_repeats_a_machines_is_dagsters_own(shop: Shop, ran: MachineRun) -> None:
    """It has the tags of the one that it repeats, and is told and recorded all the same."""
    told(shop)
    (record,) = shown(shop)
    first = record.dagster_run
    again = dg.DagsterRun("ecommerce", tags=first.tags, parent_run_id=first.run_id, root_run_id=first.run_id)
    assert (concerns(PIPELINE, first), concerns(PIPELINE, again)) == (False, True)
    del ran


def test_a_run_without_work_says_what_stays_in_landing(shop: Shop, tmp_path: Path) -> None:
    """Nothing was loaded, and a file that no dataset takes is still named."""
    shop.drop("notes.txt", [("no drop",)])
    run = MachineRun(tmp_path, "e1")
    run.planned()
    run.recorded()
    told(shop)
    left = [dg.AssetCheckKey(dg.AssetKey(["landing", name]), "left_files") for name in ("order_items", "orders")]
    found = [evaluation_of(latest_record(shop.instance, key)) for key in left]
    words = "1 file was left in landing; first: notes.txt: "
    assert [(one.passed, str(one.description)[: len(words)]) for one in found if one] == [
        (False, words),
        (True, "None"),
    ]


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["a.txt"], "1 file was left in landing; first: a.txt: "),
        (["a.txt", "b.txt"], "2 files were left in landing; first: a.txt: "),
        (["deep/"], "1 folder was left in landing; first: deep/: "),
        (["a.txt", "b/", "c/"], "1 file and 2 folders were left in landing; first: a.txt: "),
    ],
)
def test_files_and_folders_that_stay_in_landing_are_counted_apart(names: list[str], words: str) -> None:
    """A folder that is too deep may hold any number of files."""
    with dg.DagsterInstance.ephemeral() as instance:
        news = news_of_landing(instance, PIPELINE, dict.fromkeys(names, "why"))
    assert [str(one.description)[: len(words)] for one in news if not one.passed] == [words]


def test_a_failed_run_shows_what_it_made_and_why_it_failed(shop: Shop, tmp_path: Path) -> None:
    """Silver was loaded; gold and the archive were not reached."""
    shop.drop_all()
    run = MachineRun(tmp_path, "e1")
    run.planned()
    run.loaded()
    run.recorded({"State": "gold/daily_sales", "Error": "States.TaskFailed", "Cause": "no such table"})
    told(shop)
    found = history(shop)
    assert found["AssetMaterialization silver/clean_orders", "", None] == 1
    assert found["AssetMaterialization gold/daily_sales", "", None] == 0
    assert found["AssetMaterialization archive/ecommerce_files", "", None] == 0
    (record,) = shop.instance.fetch_observations(dg.AssetRecordsFilter(PIPELINE.manifest_key), limit=9).records
    assert record.asset_observation
    assert record.asset_observation.description == "no such table"


def test_the_sensor_hands_events_and_cursor_to_dagster(shop: Shop, ran: MachineRun) -> None:
    """A tick with a run, and one without."""
    del ran
    sensor = shop.definitions.resolve_sensor_def("ecommerce_machine_runs")
    first: Any = sensor(dg.build_sensor_context(shop.instance))
    assert len(first.asset_events) > 10
    second: Any = sensor(dg.build_sensor_context(shop.instance, cursor=first.cursor))
    assert second.skip_reason.skip_message == "no run of a state machine has ended since"


def test_keys_from_before_the_overlap_are_forgotten() -> None:
    """The cursor holds an hour of entries, however many there ever were."""
    at, seen = datetime(2026, 11, 26, 9, tzinfo=UTC), Seen()
    for number in range(200):
        moment = at + timedelta(minutes=15 * number)
        seen = seen.with_entry(history_key("ecommerce", moment.isoformat(), f"r{number}"), moment)
    assert len(seen.keys) == 5
    assert Seen.parse(seen.dump()) == seen


def statuses(scheduler: str | None) -> dict[str, str]:
    """Which schedules and sensors come up on, with a setting."""
    settings = read_settings(lake="/lake", scheduler=scheduler)
    repository: Any = build_definitions(settings).get_repository_def()
    return {one.name: one.default_status.value for one in (*repository.schedule_defs, *repository.sensor_defs)}


@pytest.mark.parametrize(
    ("scheduler", "own", "other"),
    [(None, "RUNNING", "STOPPED"), ("dagster", "RUNNING", "STOPPED"), ("stepfunctions", "STOPPED", "RUNNING")],
)
def test_who_schedules_is_one_setting(scheduler: str | None, own: str, other: str) -> None:
    """The other side's schedules and sensors come up switched off; how runs ended is told in any case."""
    found = statuses(scheduler)
    names: Iterable[str] = ("ecommerce_daily", "ecommerce_landing", "marketing_twice_daily")
    assert {found[name] for name in names} == {own}
    assert {found["ecommerce_machine_runs"], found["marketing_machine_runs"]} == {other}
    assert found["ecommerce_failed_runs"] == "RUNNING"


def test_a_tick_that_a_machine_has_taken_is_told_to_dagster(shop: Shop, tmp_path: Path) -> None:
    """Its run is a success that made nothing, and says who has it."""
    shop.drop_all()
    MachineRun(tmp_path, "e1", "2026-11-26T09:00:00Z").whole()
    shop.drop("products.csv")
    result = shop.run_with({"tick": "2026-11-26T10:00:00+01:00"})
    assert result.success
    assert not result.get_asset_materialization_events()
    assert shop.landed() == ["products.csv"]
    plan = FolderStore(Path(shop.settings.lake_root)).read(f"runs/ecommerce/{result.run_id}/plan.json").decode()
    assert "already run: run ecommerce-2026-11-26T09-00-00Z has taken the tick of 2026-11-26 09:00 UTC" in plan


@pytest.mark.parametrize("text", ["[1, 2", "[]"])
def test_a_run_whose_folder_is_damaged_stops_no_other(shop: Shop, ran: MachineRun, text: str) -> None:
    """It is observed with what cannot be read; what came after it is taken whole."""
    (ran.root / "lake" / "runs" / "ecommerce" / ran.run_id / "manifest.json").write_text(text)
    shop.drop_all()
    later = MachineRun(ran.root, "e2", "2026-11-26T14:00:00Z")
    later.whole()
    told(shop)
    (one,) = shop.instance.fetch_observations(dg.AssetRecordsFilter(PIPELINE.manifest_key), limit=9).records
    assert one.asset_observation is not None
    assert "manifest.json` cannot be used" in str(one.asset_observation.description)
    assert metadata(shop, ORDERS)["run_id"] == later.run_id


def plan_without_run(instance: dg.DagsterInstance, run_id: str) -> None:
    """Leave what a run leaves that planned the check and is gone."""
    kind, data = (
        dg.DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED,
        AssetCheckEvaluationPlanned(asset_key=FRESH.asset_key, check_name=FRESH.name),
    )
    instance.report_dagster_event(dg.DagsterEvent(kind.value, "a job", event_specific_data=data), run_id)


@pytest.mark.parametrize("unreached", [0, 1, 2, 9, 10, 99])
def test_a_result_stands_behind_runs_that_never_reached_the_check(unreached: int) -> None:
    """However many they are, up to a hundred records; only then it is as if the check never ran."""
    with dg.DagsterInstance.ephemeral() as instance:
        instance.report_runless_asset_event(dg.AssetCheckEvaluation(FRESH.asset_key, FRESH.name, passed=False))
        for number in range(unreached):
            plan_without_run(instance, f"gone-{number}")
        evaluation = evaluation_of(latest_record(instance, FRESH))
        assert evaluation is not None
        assert not evaluation.passed
        for number in range(unreached, 100):
            plan_without_run(instance, f"gone-{number}")
        assert latest_record(instance, FRESH) is None

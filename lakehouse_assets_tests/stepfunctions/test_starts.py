"""What starts the machines: ticks and dropped files, as they are committed."""

from __future__ import annotations

import json
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from lakehouse_assets.pipelines import pipeline_of
from stepfunctions import emit
from stepfunctions.emit import EMITTED

SCHEDULES = json.loads((EMITTED / "schedules.json").read_text("utf-8"))
TRIGGERS = json.loads((EMITTED / "triggers.json").read_text("utf-8"))


def test_every_schedule_of_every_pipeline_is_there() -> None:
    """Those of short runs start a machine of their own; one that is off stays off."""
    found = {(one["name"], one["machine"], one["enabled"]) for one in SCHEDULES}
    assert found == {
        ("ecommerce_daily", "ecommerce", True),
        ("marketing_twice_daily", "marketing", True),
        ("marketing_intraday", "marketing_intraday", False),
    }


def test_a_schedule_hands_on_the_moment_of_its_tick() -> None:
    """EventBridge puts it in; so a second starter of the tick has the same run id."""
    assert all(one["input"] == {"tick": "<aws.scheduler.scheduled-time>"} for one in SCHEDULES)


def test_a_schedule_is_in_the_zone_of_its_pipeline() -> None:
    """An installation says the zone of a pipeline that names none."""
    zones = {one["pipeline"]: one["timezone"] for one in SCHEDULES}
    assert zones == {"ecommerce": "${SourceTimezone}", "marketing": pipeline_of("marketing").zone}
    assert ZoneInfo(zones["marketing"]).key == "Europe/Berlin"


def test_files_start_the_pipelines_into_which_they_are_dropped() -> None:
    """Nothing is dropped into the landing of a pipeline that pulls."""
    assert TRIGGERS == [{"pipeline": "ecommerce", "machine": "ecommerce", "prefix": ""}]


def test_what_starts_other_pipelines_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a setting that names one pipeline only, the product's file keeps the schedules of the others."""
    monkeypatch.setattr(emit, "EMITTED", tmp_path)
    emit.write()
    monkeypatch.setenv("LAKEHOUSE_PIPELINES", "lakehouse_assets.ecommerce")
    assert emit.check() == []
    kept = json.loads((tmp_path / "schedules.json").read_text("utf-8"))
    assert {one["pipeline"] for one in kept} == {"ecommerce", "marketing"}


def test_a_changed_schedule_is_out_of_date(tmp_path: Path) -> None:
    """`emit --check` sees what was edited by hand."""
    emit.write(tmp_path)
    text = (tmp_path / "schedules.json").read_text("utf-8")
    (tmp_path / "schedules.json").write_text(text.replace("cron(0 6", "cron(0 7"))
    assert emit.check(tmp_path) == [tmp_path / "schedules.json"]

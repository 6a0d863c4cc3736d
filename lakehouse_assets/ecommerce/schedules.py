"""When the e-commerce pipeline runs without being asked."""

from __future__ import annotations

import dagster as dg

from lakehouse_assets.ecommerce.assets import ECOMMERCE
from lakehouse_assets.graph.job import Job
from lakehouse_assets.graph.schedules import daily_schedule
from lakehouse_assets.settings import Settings


def schedules(job: Job, settings: Settings) -> list[dg.ScheduleDefinition]:
    """All schedules of the pipeline."""
    return [daily_schedule(ECOMMERCE, job, zone=settings.source_timezone)]

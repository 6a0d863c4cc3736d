"""When the e-commerce pipeline runs for new files, and who hears how it ended."""

from __future__ import annotations

import dagster as dg

from lakehouse_assets.ecommerce.assets import ECOMMERCE
from lakehouse_assets.graph.alerts import alert_sensors
from lakehouse_assets.graph.job import Job
from lakehouse_assets.graph.sensors import landing_sensor
from lakehouse_assets.settings import Settings


def sensors(job: Job, settings: Settings) -> list[dg.SensorDefinition]:
    """All sensors of the pipeline."""
    landing = landing_sensor(ECOMMERCE, job, landing=str(settings.landing_root), quiet_seconds=settings.quiet_seconds)
    return [landing, *alert_sensors(ECOMMERCE, job, lake=settings.open_lake())]

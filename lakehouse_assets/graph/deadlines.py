"""Say by when the days of a pipeline are to be made, and find out whether they were: by partition, naming the days.

Dagster's own policies look at an asset's latest materialization, whichever day that was of; they are what the badge of
an asset shows (`policy`). The check beside it looks at each day, and is asked when a deadline has come, by a schedule
of its own: nothing else would ask when the run that should have made the days never began.
"""

# No postponed annotations here: Dagster reads the type of the context from the functions.
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition as Job
from dagster._utils.schedules import get_latest_completed_cron_tick

from lakehouse_assets.core.request import Window
from lakehouse_assets.core.shown import listed

OF_TIME = "lakehouse/of_time"
"""Names the metadata of a check whose result stands when its table changes: what was late stays late."""
CHECK = "days_in_time"
"""Names the check on each asset that has a deadline."""


@dataclass(frozen=True)
class Deadline:
    """Declare by when a run's days are to be made.

    Attributes:
        cron: the deadlines, in the pipeline's zone.
        minutes: how long before a deadline the run begins that it is for.
        assets: `layer/name` of the assets that are to be made by then.
    """

    cron: str
    minutes: int
    assets: tuple[str, ...]

    @property
    def keys(self) -> list[dg.AssetKey]:
        """Return the keys of the assets."""
        return [dg.AssetKey.from_user_string(one) for one in self.assets]

    def policy(self, zone: str) -> dg.FreshnessPolicy:
        """Return what the badge of such an asset goes by."""
        return dg.FreshnessPolicy.cron(
            deadline_cron=self.cron, lower_bound_delta=timedelta(minutes=self.minutes), timezone=zone
        )


@dataclass(frozen=True)
class Due:
    """Hold what the latest deadline demands: which days, made since when; all moments are in the pipeline's zone."""

    at: datetime
    since: datetime
    days: Window


def due(deadline: Deadline, now: datetime, zone: str, first: date, window_days: int) -> Due:
    """Return what the latest deadline before a moment demands.

    Args:
        deadline: the pipeline's.
        now: a moment.
        zone: the pipeline's.
        first: the first day of all.
        window_days: how many days up to its own a run makes.
    """
    here = ZoneInfo(zone)
    at = get_latest_completed_cron_tick(deadline.cron, now.astimezone(here), zone).astimezone(here)
    since = (at - timedelta(minutes=deadline.minutes)).astimezone(here)
    start = max(first, at.date() - timedelta(days=window_days - 1))
    return Due(at, since, Window(start=start, end=max(start, at.date())))


def overdue(wanted: Due, made: Mapping[date, datetime]) -> tuple[list[date], list[date]]:
    """Return the days that are missing altogether, and those that were not made again since the deadline's run began.

    Args:
        wanted: what was to be made.
        made: when each day was made last.
    """
    missing = [day for day in wanted.days.days if day not in made]
    return missing, [day for day in wanted.days.days if day in made and made[day] < wanted.since]


def verdict(wanted: Due, missing: list[date], old: list[date]) -> str:
    """Say it in a sentence, with the days."""
    by = f"by {wanted.at:%Y-%m-%d %H:%M} ({wanted.at.tzinfo})"
    since = f"{wanted.since:%H:%M}"
    said = [f"{listed(map(str, missing))} missing {by}"] if missing else []
    said += [f"{listed(map(str, old))} not made again since {since}"] if old else []
    return "; ".join(said) or f"all days up to {wanted.days.end} were made since {since}"


def deadline_check(
    deadline: Deadline, pipeline: str, zone: str, first: date, window_days: int
) -> dg.AssetChecksDefinition:
    """Return the check of each asset that has a deadline: one step for all, which asks Dagster's history alone."""
    words = f"Every day of a run has been made by its deadline ({deadline.cron}, {zone}); it is told which has not."
    about = {OF_TIME: True}
    specs = [dg.AssetCheckSpec(CHECK, asset=key, description=words, metadata=about) for key in deadline.keys]

    @dg.multi_asset_check(specs=specs, name=f"{pipeline}_{CHECK}", can_subset=True)
    def in_time(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        wanted = due(deadline, datetime.now(ZoneInfo(zone)), zone, first, window_days)
        for key in sorted(check.asset_key for check in context.selected_asset_check_keys):
            missing, old = overdue(wanted, made(context.instance, key, wanted.days))
            yield dg.AssetCheckResult(
                passed=not missing and not old,
                asset_key=key,
                check_name=CHECK,
                description=verdict(wanted, missing, old),
                metadata={"failing": len(missing) + len(old), "deadline": wanted.at.isoformat()},
            )

    return in_time


def made(instance: dg.DagsterInstance, key: dg.AssetKey, days: Window) -> dict[date, datetime]:
    """Return when each of these days of an asset was made last, as Dagster's history has it, UTC."""
    found = {}
    for day in days.days:
        of_day = dg.AssetRecordsFilter(key, asset_partitions=[day.isoformat()])
        for record in instance.fetch_materializations(of_day, limit=1).records:
            found[day] = datetime.fromtimestamp(record.timestamp, tz=ZoneInfo("UTC"))
    return found


def deadline_job(pipeline: str, check: dg.AssetChecksDefinition) -> Job:
    """Return the job that asks the check; it holds nothing, so it goes on beside a run of the pipeline."""
    return dg.define_asset_job(
        job_name(pipeline),
        selection=dg.AssetSelection.checks(check),
        executor_def=dg.in_process_executor,
        description=f"Asks whether the days of {pipeline} were made in time.",
    )


def deadline_schedule(deadline: Deadline, pipeline: str, zone: str, job: Job) -> dg.ScheduleDefinition:
    """Return the schedule that asks the check at each deadline."""
    return dg.ScheduleDefinition(
        name=job_name(pipeline),
        job=job,
        cron_schedule=deadline.cron,
        execution_timezone=zone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description=f"Asks at each deadline whether the days of {pipeline} were made.",
    )


def job_name(pipeline: str) -> str:
    """Return the name of the job, and of its schedule."""
    return f"{pipeline}_deadline"

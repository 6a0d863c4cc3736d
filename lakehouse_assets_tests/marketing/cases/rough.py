"""A tenant with which everything goes wrong on the way, and another one that answers every open question otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from lakehouse_assets.affise.bronze import SliceManifest, manifests
from lakehouse_assets.load.report import LoadReport
from lakehouse_assets_tests.affise.tenant import ZONE, Case, tenant
from lakehouse_assets_tests.marketing.cases.rows import Row, sorted_rows
from lakehouse_assets_tests.marketing.lake import Marketing, plain, regions
from lakehouse_assets_tests.oracle.sub5 import Account, Tick, tables

DAYS = (date(2026, 3, 2), date(2026, 3, 3))
"""The closed days of its history."""
NINE = datetime(2026, 3, 4, 6, 30, tzinfo=UTC)
TWO = NINE + timedelta(hours=5)
ROUGH = (
    "too-many-requests:endpoint=stats/conversions,times=2",
    "server-error:endpoint=stats/conversions,skip=4,every=2,times=3",
    "status-2-in-200:endpoint=stats/custom,every=2,times=2",
    "truncated-json:endpoint=stats/clicks,skip=1",
    "reset-mid-body:endpoint=stats/clicks,skip=4",
    "slow-response:endpoint=admin/advertisers,seconds=1",
    "insert-between-pages",
    "click-on-two-pages",
    "delete-between-pages:skip=1",
    "total-count-changes:skip=1",
    "next-page-null",
    "exact-multiple",
    "page-beyond-end-404",
    "limit-refused",
)
OTHERWISE = (
    "created-at-follows-timezone",
    "date-to-exclusive",
    "limit-honoured",
    "privacy-premoderated",
    "offer-id-text",
    "dimension-listed-twice",
)
CLICKS_A_DAY = 600
"""More than a page has."""


@dataclass(frozen=True)
class Pulled:
    """What runs made of a tenant.

    Attributes:
        tables: the report after each run.
    """

    case: Case
    lake: Marketing
    reports: tuple[LoadReport, ...]
    tables: tuple[list[Row], ...]
    ticks: tuple[datetime, ...]

    @property
    def fired(self) -> dict[str, int]:
        """How often each switch has fired."""
        return self.case.simulator.faults.fired()

    def expected(self) -> list[list[Row]]:
        """What the independent oracle says after each run."""
        account = Account(ZONE, regions=regions(), redacted=self.lake.redacted)
        found = tables(self.case.simulator.world, [Tick(at) for at in self.ticks], account)
        return [sorted_rows(map(plain, table)) for table in found]

    def slices(self, endpoint: str) -> list[SliceManifest]:
        """The slices of the closed days that are visible."""
        return [one for day in DAYS for one in manifests(self.lake.value.store, endpoint, day)]

    def asked(self, path: str) -> list[dict[str, str]]:
        """The parameters of each request to an endpoint."""
        return [dict(parse_qsl(query)) for query in self.case.asked(path)]


@contextmanager
def pulled(folder: Path, *faults: str, ticks: tuple[datetime, ...] = (NINE,), **size: Any) -> Iterator[Pulled]:
    """Pull a tenant at some ticks."""
    spec = {"days": 2, "clicks_per_day": CLICKS_A_DAY, "conversions_per_day": 40} | size
    with tenant(folder, *faults, **spec) as case:
        lake = Marketing(folder, case, zone=ZONE)
        done = [(lake.tick(at), sorted_rows(lake.report(at))) for at in ticks]
        yield Pulled(case, lake, tuple(report for report, _ in done), tuple(rows for _, rows in done), ticks)

"""A tenant with everything dirty at once, three pulls of it over a month, and what the lake holds then.

The first pull sees the first days, the second a week later what was stopped, deleted, reassigned and renamed, the third
after a month what was decided and edited late, over the day on which the clocks of Berlin go forward.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from lakehouse_assets.affise.simulator.faults import DIRTY
from lakehouse_assets.affise.simulator.truth import Conversion
from lakehouse_assets.affise.simulator.world import World
from lakehouse_assets.load.report import LoadReport
from lakehouse_assets_tests.affise.tenant import documents, tenant
from lakehouse_assets_tests.marketing.cases.rows import Row, sorted_rows
from lakehouse_assets_tests.marketing.lake import Marketing, plain, regions
from lakehouse_assets_tests.oracle.sub5 import KEY, Account, Tick, midnight, tables

ZONE = "Europe/Berlin"
FIRST, SECOND, THIRD = (datetime(2026, *day, 6, 30, tzinfo=UTC) for day in ((3, 5), (3, 12), (4, 3)))
TICKS = (FIRST, SECOND, THIRD)
BORN = datetime(2026, 3, 2, tzinfo=UTC)
SIX = Decimal("0.000001")


@dataclass(frozen=True)
class Seen:
    """What three runs made of the tenant: what each load reported, and the report after the last one."""

    lake: Marketing
    world: World
    reports: tuple[LoadReport, ...]
    gold: list[Row]

    @cached_property
    def by_key(self) -> dict[tuple[Any, ...], Row]:
        """Its rows by their key."""
        return {tuple(row[name] for name in KEY): row for row in self.gold}

    def expected(self) -> list[Row]:
        """What the independent oracle says of it."""
        account = Account(ZONE, regions=regions(), redacted=self.lake.redacted)
        return sorted_rows(map(plain, list(tables(self.world, [Tick(at) for at in TICKS], account))[-1]))

    @cached_property
    def known(self) -> dict[str, Conversion]:
        """The conversions that silver holds, as they truly are."""
        ids = {
            row["conversion_id"] for row in self.lake.rows("SELECT conversion_id FROM marketing_lakehouse.conversions")
        }
        return {one.conversion_id: one for one in self.world.conversions(BORN, THIRD) if one.conversion_id in ids}

    @cached_property
    def groups(self) -> dict[tuple[Any, ...], list[Conversion]]:
        """These by the key of the row that they count in."""
        found = defaultdict(list)
        for one in self.known.values():
            found[self.key(one)].append(one)
        return found

    def key(self, one: Conversion) -> tuple[Any, ...]:
        """The key of the row that a conversion counts in."""
        visitor = one.visitor
        sub5, sub6 = (self.lake.redacted(visitor.subs[place]) for place in (4, 5))
        return (
            local(one.created_at), one.affiliate_id, one.advertiser_id, one.offer_id, visitor.country, sub5, sub6,
            visitor.os, visitor.os_version,
        )  # fmt: skip

    def alone(self, wanted: Callable[[Conversion], object]) -> list[tuple[Conversion, Row]]:
        """The conversions of a kind that share their row with no other one; there must be some."""
        found = [(group[0], self.by_key[key]) for key, group in self.groups.items() if len(group) == 1]
        chosen = [(one, row) for one, row in found if wanted(one)]
        assert chosen
        return chosen

    def rows(self, sql: str) -> list[Row]:
        """The result of a query over silver and control tables."""
        return self.lake.rows(sql)

    def pages(self, endpoint: str) -> Iterator[Row]:
        """The records that bronze holds of an endpoint."""
        for page in documents(self.lake.root / "bronze" / "affise" / endpoint):
            yield from page["records"]


def local(instant: datetime) -> date:
    """The account's day of an instant."""
    return instant.astimezone(ZoneInfo(ZONE)).date()


def begin(day: date) -> datetime:
    """The instant at which a day of the account begins."""
    return midnight(day, ZONE)


@contextmanager
def dirty(folder: Path) -> Iterator[Seen]:
    """Pull the dirty tenant three times."""
    with tenant(folder, *DIRTY, days=2, clicks_per_day=120, conversions_per_day=40) as case:
        lake = Marketing(folder, case, zone=ZONE)
        reports = tuple((lake.tick(at), lake.report(at))[0] for at in TICKS)
        yield Seen(lake, case.simulator.world, reports, sorted_rows(lake.report(THIRD)))

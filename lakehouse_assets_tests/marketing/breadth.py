"""Many days of a simulated tenant, and after every tick what gold says beside what the oracle and the tenant say.

    python -m lakehouse_assets_tests.marketing.breadth --days 60

runs all of 60 days with everything dirty, two ticks each, and says where it differs. Tests run fewer of them.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from lakehouse_assets.affise.simulator.faults import DIRTY
from lakehouse_assets_tests.affise.tenant import START, tenant
from lakehouse_assets_tests.marketing.checking import failing, opened
from lakehouse_assets_tests.marketing.lake import Marketing, plain, regions
from lakehouse_assets_tests.marketing.usage import counted, told
from lakehouse_assets_tests.oracle.affiliates import performance
from lakehouse_assets_tests.oracle.sub5 import KEY, Account, Known, Tick, ticks

ZONE = "Europe/Berlin"
FIRST = date(2026, 3, 5)
"""All that happened in the tenant before is in the window of this day's first tick."""


@dataclass(frozen=True)
class Compared:
    """What one tick came to: seconds of its parts, rows of the report, and the names of what differs."""

    at: datetime
    pull: float
    gold: float
    rows: int
    differs: tuple[str, ...]


def compared(root: Path, pulls: Sequence[Tick], **spec: Any) -> Iterator[Compared]:
    """Yield what each tick comes to, in a tenant with everything dirty."""
    with tenant(root, *DIRTY, days=(FIRST - START).days - 1, **spec) as case:
        lake = Marketing(root, case, zone=ZONE)
        known = Known(case.simulator.world, Account(ZONE, regions=regions(), redacted=lake.redacted))
        for pull in pulls:
            known.pull(pull)
            begun = time.monotonic()
            lake.tick(pull.at)
            loaded = time.monotonic()
            report, affiliates = lake.report(pull.at), lake.gold("daily_affiliate_performance", pull.at)
            caps, built = lake.gold("offer_cap_usage", pull.at), time.monotonic()
            with opened(lake) as engine:
                blocking = failing(lake, engine, pull.at, blocking=True)
            pairs = {
                "report": (sorted(report, key=place), sorted(map(plain, known.table()), key=place)),
                "affiliates": (affiliates, performance(known)),
                "caps": (counted(lake, caps), told(case)),
                "checks": (blocking, {}),
            }
            differs = tuple(name for name, (found, wanted) in pairs.items() if found != wanted)
            yield Compared(pull.at, loaded - begun, built - loaded, len(report), differs)


def place(row: dict[str, Any]) -> list[str]:
    """The key of a row of the report, to sort by."""
    return [str(row[name]) for name in KEY]


def main() -> None:
    """Run the days that are asked for, and end with an error where anything differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=60)
    parser.add_argument("--clicks", type=int, default=60, help="of a day")
    parser.add_argument("--conversions", type=int, default=20, help="of a day")
    asked = parser.parse_args()
    different = 0
    with tempfile.TemporaryDirectory() as folder:
        pulls = ticks(FIRST, asked.days, ZONE)
        for one in compared(Path(folder), pulls, clicks_per_day=asked.clicks, conversions_per_day=asked.conversions):
            different += bool(one.differs)
            verdict = f"DIFFERS in {', '.join(one.differs)}" if one.differs else "equal"
            print(f"{one.at:%Y-%m-%d %H:%M} {verdict}: {one.rows} rows, pull and load {one.pull:.1f} s, "  # noqa: T201
                  f"gold {one.gold:.1f} s", flush=True)  # fmt: skip
    print(f"{different} of {len(pulls)} ticks differ")  # noqa: T201
    raise SystemExit(bool(different))


if __name__ == "__main__":
    main()

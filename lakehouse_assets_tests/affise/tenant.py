"""A simulated tenant, a client of it that does not wait, and what bronze then holds."""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from lakehouse_assets.affise.account import Account, learn_date_to
from lakehouse_assets.affise.bronze import Bronze, manifests, records_of
from lakehouse_assets.affise.dimensions import pull_list
from lakehouse_assets.affise.endpoints import DIMENSIONS, Endpoint
from lakehouse_assets.affise.going import DayPull
from lakehouse_assets.affise.gone import MOST_GONE, Comparison
from lakehouse_assets.affise.notes import SliceManifest
from lakehouse_assets.affise.pull import LARGE, Puller
from lakehouse_assets.affise.redaction import Redactor
from lakehouse_assets.affise.simulator.running import Simulator, running
from lakehouse_assets.affise.simulator.spec import SimulatorSpec
from lakehouse_assets.storage.objects import ObjectStore
from lakehouse_assets.storage.opening import open_store
from lakehouse_assets_tests.affise.wire import SECRETS, Keys, client

ZONE = "Europe/Moscow"
START = date(2026, 3, 2)
YESTERDAY, TODAY = date(2026, 3, 15), date(2026, 3, 16)
"""The simulator's clock stands at 2026-03-16 06:30 UTC, after 14 whole days of 1,000 clicks and 20 conversions."""


@dataclass(frozen=True)
class Case:
    """A tenant that is served, and the folder of a lake."""

    simulator: Simulator
    folder: Path

    @property
    def store(self) -> ObjectStore:
        """The lake."""
        return open_store(str(self.folder))

    @property
    def now(self) -> datetime:
        """The tenant's time."""
        return self.simulator.clock.now

    @property
    def redactor(self) -> Redactor:
        """What takes secrets and addresses out of pages."""
        return Redactor(SECRETS["AFFISE_HASH_KEY"].encode(), known=(self.simulator.key,))

    def puller(
        self, run_id: str = "run-1", *, store: ObjectStore | None = None, large: int = LARGE, zone: str = ZONE
    ) -> Puller:
        """Return what pulls for one run."""
        keys = Keys(SECRETS | {"AFFISE_API_KEY": self.simulator.key})
        api = client(self.simulator.url, keys=keys, read_seconds=0.5)
        bronze = Bronze(store or self.store, api.tenant, run_id, self.now, zone)
        account = Account(zone, learn_date_to(api, self.now.date()) or "inclusive")
        return Puller(api, bronze, self.redactor, account, large=large, sleep=[].append)

    def pull(self, endpoint: Endpoint, day: date, run_id: str = "run-1", **changes: Any) -> DayPull:
        """Pull one day in one call."""
        return self.puller(run_id, **changes).day(endpoint, day, self.now)

    def lists(self, run_id: str = "run-1", most_gone: float = MOST_GONE, **changes: Any) -> list[SliceManifest]:
        """Pull all lists, each in one call."""
        puller = self.puller(run_id, **changes)
        compared = Comparison(puller.bronze, puller.api.key_name, most_gone)
        return [made for one in DIMENSIONS if (made := pull_list(puller, one, self.now, compared)) is not None]

    def asked(self, path: str) -> list[str]:
        """Return the queries that an endpoint got."""
        return [one.query for one in self.simulator.requests() if one.path.endswith(path)]

    def visible(self, endpoint: Endpoint, day: date, run_id: str | None = None) -> list[str]:
        """Return the ids of all records that a reader of bronze sees, sorted."""
        return ids(self.store, manifests(self.store, endpoint.name, day, run_id))

    def clicks(self, day: date, hours: int = 24) -> list[str]:
        """Return the ids of the clicks that there really are in the first hours of a UTC day, sorted."""
        start = datetime.combine(day, datetime.min.time(), self.now.tzinfo)
        return sorted(one.click_id for one in self.simulator.world.clicks(start, start + timedelta(hours=hours)))

    def conversions(self, day: date) -> list[str]:
        """Likewise of conversions."""
        start = datetime.combine(day, datetime.min.time(), self.now.tzinfo)
        return sorted(one.conversion_id for one in self.simulator.world.conversions(start, start + timedelta(days=1)))


def ids(store: ObjectStore, slices: Iterable[SliceManifest]) -> list[str]:
    """Return the ids of all records of slices, sorted."""
    pages = [page for one in slices for page in one.pages]
    return sorted(record["id"] for records in records_of(store, tuple(pages)) for record in records)


def documents(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield all pages below a folder, whether visible or not."""
    for file in sorted(folder.rglob("*.json.gz")):
        yield orjson.loads(gzip.decompress(file.read_bytes()))


@contextmanager
def tenant(folder: Path, *faults: str, **spec: Any) -> Iterator[Case]:
    """Serve a small tenant."""
    with running(SimulatorSpec(faults=faults, start=START, **spec)) as simulator:
        yield Case(simulator, folder)

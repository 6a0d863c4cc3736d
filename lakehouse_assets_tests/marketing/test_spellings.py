"""Groups of clicks that the API counts apart and redaction makes equal are added up, however often they are pulled."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from lakehouse_assets.affise import bronze
from lakehouse_assets.affise.endpoints import CUSTOM_CLICKS
from lakehouse_assets.affise.simulator import reports
from lakehouse_assets_tests.affise.tenant import tenant
from lakehouse_assets_tests.marketing.checking import failing, opened
from lakehouse_assets_tests.marketing.lake import Marketing
from lakehouse_assets_tests.oracle.sub5 import ticks

ZONE = "Europe/Moscow"
PULL = ticks(date(2026, 3, 12), 1, ZONE)[0].at
NOON = datetime.fromisoformat("2026-03-10T12:00:00+03:00")
LATER = [PULL + timedelta(days=n) for n in range(2)]
FOUND = (
    "SELECT sub5, sub6, sum(clicks) AS clicks FROM marketing_lakehouse.counted_clicks "
    "WHERE local_date(hour_start) = DATE '2026-03-10' AND hour_of(hour_start) = TIMESTAMP '2026-03-10 09:00:00' "
    "GROUP BY sub5, sub6"
)


def spellings() -> Iterator[Mapping[str, str]]:
    """Subs with one address, each time in other letters, and links with another secret each."""
    letters = itertools.product(*((one, one.upper()) for one in "annabel"))
    for number, some in enumerate(letters):
        yield {"sub5": f"{''.join(some)}@example.com", "sub6": f"https://example.com/?token={number}"}


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Marketing]:
    """A lake of an account whose groups of one hour differ in nothing but how their subs are spelt."""
    write, one, spelt = reports._row, dict[str, Any](), spellings()  # noqa: SLF001 - what the simulator writes of a group
    subs: dict[Any, Mapping[str, str]] = {}

    def written(slices: Any, titles: Any, group: Any, *args: Any) -> Any:
        row = write(slices, titles, group, *args)
        told = row["slice"]
        if "affiliate" in told and (told["day"], int(told["hour"])) == ("2026-03-10", 9):
            one.update(one or told)
            row["slice"] = one | (subs.get(group) or subs.setdefault(group, next(spelt)))
        return row

    monkeypatch.setattr(reports, "_row", written)
    with tenant(tmp_path, "clicks-gone", days=2, clicks_per_day=200, conversions_per_day=5) as case:
        made = Marketing(tmp_path, case, zone=ZONE)
        made.clicks = CUSTOM_CLICKS
        yield made


def clicks_of_noon(lake: Marketing) -> int:
    """What there really were."""
    return len(list(lake.tenant.simulator.world.clicks(NOON, NOON + timedelta(hours=1))))


def test_spellings_of_one_address_are_one_group_with_all_their_clicks(lake: Marketing) -> None:
    """They were one row that kept the clicks of the last of them; pulled again they are no more."""
    for at in LATER:
        lake.tick(at)
        (found,) = lake.rows(FOUND)
        assert found["clicks"] == clicks_of_noon(lake) > 1
        with opened(lake) as engine:
            assert "hourly_totals.closed_days_differ" not in failing(lake, engine, at, blocking=True)


def test_what_was_pulled_before_they_were_told_apart_is_not_counted_twice(
    lake: Marketing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next pull takes back what the one row of all of them had."""
    with monkeypatch.context() as before:
        before.setattr(bronze, "redacted_groups", lambda records, redactor: redactor.redacted(records))
        lake.tick(LATER[0])
    lake.tick(LATER[1])
    (found,) = lake.rows(FOUND)
    assert found["clicks"] == clicks_of_noon(lake)

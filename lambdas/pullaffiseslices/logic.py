"""Pull one planned day, and go on where an earlier call ended."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from lakehouse_assets.affise.bronze import settled
from lakehouse_assets.affise.calls import Told
from lakehouse_assets.affise.endpoints import CLICKS, CUSTOM_TOTALS, ENDPOINTS
from lakehouse_assets.affise.going import Cursor, DayPull
from lakehouse_assets.affise.pull import BUDGET_SECONDS, Puller
from lakehouse_assets.affise.slices import Slice, forgotten
from lakehouse_assets.core.manifest import utc_moment


def pull(puller: Puller, planned: Mapping[str, Any], token: str | None, seconds: float = BUDGET_SECONDS) -> DayPull:
    """Pull until the day is done or the time is up.

    Args:
        puller: of the run.
        planned: `endpoint`, `day` and `since`; a day of changes has no `since`.
        token: of the answer before; None at first.
        seconds: how long this call goes on; it always takes one page at least.

    Raises:
        LakehouseError: as `Puller.day`.
    """
    endpoint, day = ENDPOINTS[planned["endpoint"]], date.fromisoformat(planned["day"])
    if endpoint.kind == "changes":
        wanted = Slice(day, is_open=True)
        made = puller.one(endpoint, wanted, seconds)
        return (
            DayPull((), (), (), Cursor(wanted.name, is_large=False)) if made is None else DayPull((made,), (), (), None)
        )
    cursor = Cursor.from_dict(json.loads(token)) if token else None
    since = utc_moment(planned["since"])
    flags = {"intraday": planned.get("is_intraday", False), "again": planned.get("is_again", False)}
    more: dict[str, Any] = {"since": since, **flags}
    until = planned.get("until") and utc_moment(planned["until"])
    lost = forgotten_clicks(puller, day) if endpoint is CUSTOM_TOTALS else ()
    puller = replace(puller, bronze=replace(puller.bronze, since=since, until=until, forgotten=lost))
    return puller.day(endpoint, day, puller.bronze.as_of, cursor=cursor, seconds=seconds, **more)


def forgotten_clicks(puller: Puller, day: date) -> tuple[str, ...]:
    """Return the names of the hours of a day whose clicks nobody has pulled and the account tells no more.

    It counts them still, so what it counts of such an hour can be compared with nothing.
    """
    oldest = puller.account.oldest_click(puller.bronze.as_of)
    if not puller.account.tells_clicks or Slice(day).start >= oldest:
        return ()
    known = settled(puller.bronze.store, CLICKS.name, day)
    return tuple(one.name for one in forgotten(day, known=known, oldest=oldest))


def tell(told: Told, done: DayPull) -> None:
    """Say what a call found that people should know of."""
    told.pulled_again = sum(one.pulls > 1 for one in done.manifests)
    told.warnings = warnings(done)
    # Every call of a day finds the same hours forgotten; the last one says so.
    told.forgotten = done.forgotten if done.cursor is None else ()


def warnings(done: DayPull) -> tuple[str, ...]:
    """Return what could not be counted, in words."""
    return tuple(f"{one.endpoint} of {one.slice}: {one.warning}" for one in done.manifests if one.warning)


def answer(planned: Mapping[str, Any], done: DayPull) -> dict[str, Any]:
    """Return the function's answer: what this day of the run has so far, and where the next call goes on."""
    made, where = done.manifests, f"{planned['endpoint']} of {planned['day']}"
    return {
        "slices": len(made),
        "records": sum(one.records for one in made),
        "warnings": list(warnings(done)),
        "forgotten": [f"{where} {hour}" for hour in done.forgotten],
        "token": None if done.cursor is None else json.dumps(done.cursor.to_dict()),
        "done": done.cursor is None,
    }

"""Lambda `PullAffiseSlices` pulls one day of clicks, conversions, totals or changes into bronze."""

from __future__ import annotations

from typing import Any

from lakehouse_assets.affise.calls import noting
from lakehouse_assets.affise.opening import puller_of
from lakehouse_assets.storage.held import fenced
from lambdas.pullaffiseslices.logic import answer, pull, tell


@fenced
def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Pull a day, or go on with it; the caller starts it again with `token` until `done`.

    The event holds `run_id`, `lake` (URI), `as_of`, `source_timezone`, `date_to` (how the account reads it), `present`
    (its clock), `slice` (`endpoint`, `day` in UTC, and `since`: from when on its facts are wanted) and `at_once` (how
    many such calls go on at the same time).
    """
    puller, planned = puller_of(event, context), event["slice"]
    with noting(puller, f"{planned['endpoint']} of {planned['day']}") as told:
        done = pull(puller, planned, event.get("token"))
        tell(told, done)
    return answer(planned, done)

"""Lambda `adstart_update_dimension_tables` pulls one of the lists that the report takes names from into bronze."""

from __future__ import annotations

from typing import Any

from lakehouse_assets.affise.calls import noting
from lakehouse_assets.affise.dimensions import pull_list
from lakehouse_assets.affise.endpoints import ENDPOINTS
from lakehouse_assets.affise.opening import comparison_of, puller_of
from lakehouse_assets.storage.held import fenced
from lambdas.adstart_update_dimension_tables.logic import answer


@fenced
def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Pull a list, such as that of offers, or go on with it; the caller starts it again with `token` until `done`.

    The event holds `run_id`, `lake` (URI), `as_of` (the moment for which it is told), `source_timezone` (the
    account's), `date_to`, `list` (the endpoint's name) and `at_once` (how many such calls go on at the same time).
    """
    puller = puller_of(event, context)
    endpoint = ENDPOINTS[event["list"]]
    with noting(puller, endpoint.name) as told:
        made = pull_list(puller, endpoint, puller.bronze.as_of, comparison_of(puller))
        told.pulled_again = int(made is not None and made.pulls > 1)
        told.warnings = (f"{made.endpoint}: {made.warning}",) if made is not None and made.warning else ()
    return answer(endpoint, made)

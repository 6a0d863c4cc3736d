"""Lambda `adstart_update_dimension_tables` pulls the lists that the report takes names from into bronze."""

from __future__ import annotations

from typing import Any

from lakehouse_assets.affise.dimensions import ListPull, pull_lists
from lakehouse_assets.affise.opening import is_pulled, puller_of
from lambdas.adstart_update_dimension_tables.logic import answer


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda passes it
    """Pull offers, partners, advertisers and currencies, or go on; the caller starts it again until `done`.

    The event holds `run_id`, `lake` (URI), `as_of` (the run's clock), `source_timezone` (the account's), `pull` and
    `mode` as the run is asked. Between two ticks lists are left alone: names of the report are those that its ticks
    have seen.
    """
    if not is_pulled(event):
        return answer(ListPull((), is_done=True), "inclusive")
    puller = puller_of(event)
    if event.get("pull") == "intraday":
        return answer(ListPull((), is_done=True), puller.account.date_to)
    return answer(pull_lists(puller, puller.bronze.as_of), puller.account.date_to)

"""Lambda `PlanAffisePull` looks at the account and plans a run's pull: which lists, and which slices of time."""

from __future__ import annotations

from typing import Any

from lakehouse_assets.affise import watermark
from lakehouse_assets.affise.account import present
from lakehouse_assets.affise.calls import noting
from lakehouse_assets.affise.open_runs import begin, others
from lakehouse_assets.affise.opening import click_endpoint, is_pulled, puller_of
from lakehouse_assets.affise.pull import Puller
from lakehouse_assets.core.request import Window
from lakehouse_assets.storage.held import fenced
from lambdas.planaffisepull.logic import Plan, answer, require_past, require_rights


@fenced
def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Plan what is pulled, and answer it as lists that later functions are called for.

    The event holds `run_id`, `lake` (URI), `as_of`, `source_timezone`, `window`, and `pull` and `mode` as the run is
    asked (`core.request`); one that replays rejects pulls nothing. The answer holds `lists`, `slices`, `date_to` (how
    the account reads it), `present` (the moment for what the account knows of today only), `is_sweep` (whether all that
    may still change is pulled) and `open_runs` (earlier ones whose pages silver may not have).
    """
    if not is_pulled(event):
        return answer(Plan((), is_sweep=False, lists=()), "inclusive", event["as_of"])
    puller = puller_of(event, context)
    with noting(puller, "plan"):
        return _planned(puller, event)


def _planned(puller: Puller, event: dict[str, Any]) -> dict[str, Any]:
    store, as_of = puller.bronze.store, puller.bronze.as_of
    mark = watermark.read(store)
    window, zone = Window.model_validate(event["window"]), puller.account.zone
    plan = Plan.of(window, as_of, zone, mark, click_endpoint(), pull=event.get("pull"))
    clock = require_rights(puller, plan, mark)
    require_past(as_of, clock, puller.api.tenant)
    dated = present(as_of, clock, zone)
    begin(store, plan.opened(puller.bronze.run_id, dated))
    return answer(plan, puller.account.date_to, dated.isoformat(), others(store, puller.bronze.run_id))

"""Lambda `PullAffiseSlices` pulls clicks, conversions and totals of a run's days into bronze, slice by slice."""

from __future__ import annotations

import json
from typing import Any

from lakehouse_assets.affise import watermark
from lakehouse_assets.affise.opening import click_endpoint, is_pulled, puller_of
from lakehouse_assets.core.manifest import Manifest
from lakehouse_assets.core.request import Window
from lakehouse_assets.storage.lake import open_lake
from lakehouse_assets.storage.runs import RunFolder
from lambdas.pullaffiseslices.logic import Plan, Pulled, answer, pull, with_pages


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda passes it
    """Pull what is due, or go on; the caller starts it again with `token` until `done`.

    The event holds `run_id`, `lake` (URI), `as_of`, `source_timezone`, `window`, `manifest` (its key in the lake) and
    `date_to` (how the account reads it), `pull` and `mode` as the run is asked (`core.request`). The last answer
    holds `manifest`: the key of one that names the pages too.
    """
    if not is_pulled(event):
        return answer(Pulled(), event["manifest"])
    puller, lake = puller_of(event), open_lake(event["lake"])
    mark = watermark.read(lake.store)
    window = Window.model_validate(event["window"])
    asked = event.get("pull")
    plan = Plan.of(window, puller.bronze.as_of, puller.account.zone, mark, click_endpoint(), pull=asked)
    done = pull(puller, plan, event.get("token"))
    if done.token is not None:
        return answer(done, event["manifest"])
    manifest = Manifest.from_dict(json.loads(lake.store.read(event["manifest"])))
    folder = RunFolder(lake.store, manifest.pipeline, manifest.run_id)
    folder.write("pulled", with_pages(manifest, puller, plan).to_dict())
    return answer(done, folder.key_of("pulled"))

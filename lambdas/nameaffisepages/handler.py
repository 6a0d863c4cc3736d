"""Lambda `NameAffisePages` names the pages that a run has pulled in its manifest, for the load to read."""

from __future__ import annotations

import json
from typing import Any

from lakehouse_assets.affise.calls import calls
from lakehouse_assets.compute.load_engine import LoadEngine
from lakehouse_assets.compute.reports import NOTES
from lakehouse_assets.core.manifest import Manifest
from lakehouse_assets.storage.held import fenced
from lakehouse_assets.storage.opening import open_store
from lakehouse_assets.storage.runs import RunFolder
from lambdas.nameaffisepages.logic import answer, pulled, told, with_pages


@fenced
def handler(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda passes it
    """Write a manifest that names pages too, and answer its key in the lake as `manifest`, and what loads as `engine`.

    What the calls of the pull have to say to people goes into the run's folder.

    The event holds `lake` (URI), `manifest` (the key of the one that names what landed), `open_runs` (earlier runs
    whose complete slices are named too, since silver may not have them) and `engine`, as the plan has answered it:
    `auto` is decided here, where the size of the pages is known first.
    """
    store = open_store(event["lake"], create=False)
    manifest = Manifest.from_dict(json.loads(store.read(event["manifest"])))
    named = with_pages(manifest, pulled(store, [*event["open_runs"], manifest.run_id]))
    folder = RunFolder(store, manifest.pipeline, manifest.run_id)
    folder.write("pulled", named.to_dict())
    folder.write(NOTES, told(manifest.request, calls(store, manifest.run_id)).to_dict())
    return answer(manifest, named, folder.key_of("pulled"), LoadEngine.from_event(event))

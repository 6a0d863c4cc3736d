"""The load's report, reduced to what a machine may carry: its state is limited to 256 KiB.

https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
"""

from __future__ import annotations

from typing import Any

from lakehouse_assets.compute.runs import RunFolder
from lakehouse_assets.errors import ObjectMissing


def outcome(folder: RunFolder) -> dict[str, Any]:
    """Keys of the files that the load refused.

    Raises:
        ObjectMissing: the load of this run has not reported.
    """
    report = folder.read("load")
    if report is None:
        raise ObjectMissing(key=folder.key("load"), store=folder.store.uri)
    return {"refused": sorted(report["refused_files"])}

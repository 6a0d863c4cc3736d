"""Reduce the load's report to what a machine may carry, whose state is limited to 256 KiB.

https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
Here: where the list of refused files is, and what people are told of the load, in the words of
`compute.failed_checks`. Not here: when they are told (the machine does) and how a failed load is told (no report).
"""

from __future__ import annotations

from typing import Any

from lakehouse_assets.compute.failed_checks import listed, load_checks
from lakehouse_assets.compute.reports import LOAD, refused_key
from lakehouse_assets.errors import ObjectMissing
from lakehouse_assets.load.report import LoadReport
from lakehouse_assets.storage.runs import RunFolder


def outcome(folder: RunFolder) -> dict[str, Any]:
    """Return where the load has listed the files that it refused, and what people are told, empty when that is nothing.

    Returns: refused (key of the list in the lake), refusals (text: why each was refused), warnings (text: checks of
    the load that did not pass, rejects by code among them).

    Raises:
        ObjectMissing: the load of this run has not reported.
    """
    report = folder.report(LOAD, LoadReport)
    if report is None:
        raise ObjectMissing(key=folder.key_of(LOAD), store=folder.store.uri)
    warned = sorted(check.line for check in load_checks(folder.pipeline, report))
    return {
        "refused": refused_key(folder, report),
        "refusals": listed([report.refused_files[key] for key in sorted(report.refused_files)]),
        "warnings": listed(warned),
    }

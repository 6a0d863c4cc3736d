"""Hold what MiniStack does other than AWS and we need, a patch each; `docs/emulator.md` lists them.

This runs in the environment of `.emulator`, so MiniStack is imported only when a patch is applied.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from . import (
    athena,
    controls,
    crawlers,
    definitions,
    functions,
    jobs,
    limits,
    machines,
    messages,
    s3,
    scheduler,
    tasks,
    templates,
)

PATCHES: Mapping[str, Callable[[], None]] = {
    "copy_onto_existing": s3.copy_onto_existing,
    "too_small_parts": s3.too_small_parts,
    "controls": controls.controls,
    "clean_functions": functions.clean_functions,
    "glue_jobs": jobs.glue_jobs,
    "glue_and_athena_tasks": tasks.glue_and_athena_tasks,
    "athena_on_trino": athena.athena_on_trino,
    "crawlers": crawlers.crawlers,
    "definitions": definitions.definitions,
    "machines": machines.machines,
    "limits": limits.limits,
    "messages": messages.messages,
    "scheduler": scheduler.scheduler,
    "templates": templates.templates,
}

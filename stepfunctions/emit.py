"""Write the machines and what starts them, and tell whether the files are current; no other module has effects."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from lakehouse_assets.contracts import contracts
from lakehouse_assets.contracts.packages import pipelines
from stepfunctions.emitter import machine
from stepfunctions.options import Options
from stepfunctions.starts import schedules, triggers

EMITTED = Path(__file__).with_name("emitted")
MACHINES, SCHEDULES, TRIGGERS = "*.asl.json", "schedules.json", "triggers.json"


def write(folder: Path | None = None, options: Options | None = None) -> list[Path]:
    """Write the machines of every pipeline and of its short runs; return the files that changed, deleted ones included.

    Args:
        folder: where they are written; what is no machine of the settings' pipelines is removed from it. None for the
            folder of the product, where machines of pipelines that the settings do not name stay: they were made with
            other settings.
        options: what an installation may choose.

    Raises:
        EmissionInvalid: a graph cannot be a machine; nothing was written.
    """
    texts = _whole(folder, current(options))
    changed, folder = _stale(folder, texts), folder or EMITTED
    folder.mkdir(parents=True, exist_ok=True)
    for path in changed:
        if path.name in texts:
            path.write_text(texts[path.name], "utf-8")
        else:
            path.unlink()
    return changed


def check(folder: Path | None = None, options: Options | None = None) -> list[Path]:
    """Return the files that `write` would change.

    Raises:
        EmissionInvalid: as `write`.
    """
    return _stale(folder, _whole(folder, current(options)))


def current(options: Options | None = None) -> dict[str, str]:
    """Return the text of every machine, of their schedules and of what dropped files start, by file name.

    Args:
        options: what an installation may choose.

    Raises:
        ContractInvalid: a contract or a model is broken; no machine would do its work.
    """
    from lakehouse_assets.code_location import build_definitions
    from lakehouse_assets.pipelines import pipeline_of
    from stepfunctions.plan_reader import read_plan

    found = [pipeline_of(name) for name in pipelines()]
    for pipeline in found:
        pipeline.require_sound()
    definitions, machines = build_definitions(), {}
    for pipeline in found:
        name, tables = pipeline.name, contracts(pipeline.name)
        machines[name] = machine(name, read_plan(definitions, name), tables, options=options)
        for short in pipeline.short_runs:
            job = short.job(pipeline)
            machines[job] = machine(name, read_plan(definitions, job), tables, job, short.asks, options)
    texts = {f"{name}.asl.json": text_of(made) for name, made in machines.items()}
    starts = {
        SCHEDULES: [one for p in found for one in schedules(p)],
        TRIGGERS: [o for p in found for o in triggers(p)],
    }
    return texts | {name: text_of(_by_pipeline(made)) for name, made in starts.items()}


def _by_pipeline(starts: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return sorted(starts, key=lambda one: (one["pipeline"], one.get("name", "")))


def text_of(made: Any) -> str:  # noqa: ANN401 - JSON
    """Return JSON as it is committed: sorted, indented, the same for the same graph."""
    return json.dumps(made, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _whole(folder: Path | None, texts: Mapping[str, str]) -> Mapping[str, str]:
    """Return the texts with what starts pipelines that the settings do not name, in the product's own folder."""
    if folder is not None:
        return texts
    return {**texts, **{name: _with_others(EMITTED / name, texts[name]) for name in (SCHEDULES, TRIGGERS)}}


def _with_others(path: Path, text: str) -> str:
    held = json.loads(path.read_text("utf-8")) if path.is_file() else []
    others = [one for one in held if one["pipeline"] not in pipelines()]
    return text_of(_by_pipeline([*others, *json.loads(text)]))


def _stale(folder: Path | None, texts: Mapping[str, str]) -> list[Path]:
    """Return the files that are not as the texts say; in the product's own folder only those of the settings."""
    place = folder or EMITTED
    paths = [path for pattern in (MACHINES, SCHEDULES, TRIGGERS) for path in place.glob(pattern)]
    held = {path.name: path.read_text("utf-8") for path in paths}
    gone = [name for name in held.keys() - texts.keys() if folder or _is_named(name)]
    return [place / name for name in sorted([*texts, *gone]) if held.get(name) != texts.get(name)]


def _is_named(file: str) -> bool:
    """Say whether a machine's file is one of a pipeline of the settings, or of a short run of it."""
    name = file.partition(".")[0]
    return any(name == pipeline or name.startswith(f"{pipeline}_") for pipeline in pipelines())

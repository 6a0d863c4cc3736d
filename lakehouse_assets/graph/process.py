"""Note with a run which process carries it, so that anybody can see later whether that process is gone.

Belongs here: the note and the proof. Not here: what becomes of a run whose process is gone (`graph/abandoned.py`).
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

import dagster as dg

from lakehouse_assets.core.lease import Holder
from lakehouse_assets.storage.lease import is_dead_here, this_process

PIPELINE_TAG, PROCESS_TAG, REFUSED_TAG = "lakehouse/pipeline", ".dagster/lakehouse-process", "lakehouse/refused"
MACHINE_TAG = "lakehouse/machine-run"
"""Name tags of runs; Dagster shows nobody those that begin with `.dagster/`."""


@dataclass(frozen=True)
class RunProcess:
    """Hold a run's process: host, pid, start time (`core.lease.Process`), and the run of which pipeline in which lake.

    A run of a selection may touch several pipelines; the first one that it works on stands for it.
    """

    run_id: str
    pipeline: str
    lake: str
    host: str
    pid: int
    started: str

    @classmethod
    def of(cls, run: dg.DagsterRun) -> RunProcess | None:
        """Return the run's own note; None when there is none yet, also where a re-execution carries its parent's."""
        text = run.tags.get(PROCESS_TAG)
        note = cls(**json.loads(text)) if text else None
        return note if note and note.run_id == run.run_id else None

    @property
    def tags(self) -> dict[str, str]:
        """Return the note as the run's tags, with the pipeline, for which the queue counts the run from now on."""
        return {PROCESS_TAG: json.dumps(asdict(self)), PIPELINE_TAG: self.pipeline}

    @property
    def is_gone(self) -> bool:
        """Say whether the process ran on this machine and certainly ended."""
        now = datetime.now(UTC)
        return is_dead_here(Holder(self.run_id, self.host, self.pid, self.started, 0, now, now))


def note_process(instance: dg.DagsterInstance, run: dg.DagsterRun, pipeline: str, lake: str) -> None:
    """Note that this process carries the run."""
    if RunProcess.of(run) is not None:
        return
    here = this_process()
    note = RunProcess(run.run_id, pipeline, lake, here.host, here.pid, here.started)
    instance.add_run_tags(run.run_id, note.tags)

"""Keep the engines and connections of Dagster's SQLite history while an instance is open.

Dagster makes a new engine for every event, and with it a new connection, and compiles every statement anew: a third of
the processor time of a small run. Here: which engine it is handed. Not here: how the history is made and opened.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy import Engine

MAKERS = (
    "dagster._core.storage.event_log.sqlite.sqlite_event_log",
    "dagster._core.storage.runs.sqlite.sqlite_run_storage",
    "dagster._core.storage.schedules.sqlite.sqlite_schedule_storage",
)
"""Names the modules that make engines, by a function `create_engine` of their own."""


class KeptEngines:
    """Hold an engine for each database of the homes that are open in this process."""

    def __init__(self) -> None:
        self._lock = RLock()
        self._open: Counter[str] = Counter()
        self._engines: dict[str, Engine] = {}

    def engine(self, url: str, **options: Any) -> Engine:  # noqa: ANN401 - SQLAlchemy's
        """Return the engine of a database: the kept one when its home is open, else a new one as Dagster means it."""
        from sqlalchemy import create_engine

        with self._lock:
            if not any(home in url for home in self._open):
                return create_engine(url, **options)
            if url not in self._engines:
                # Its own pool keeps connections, whichever thread asks; Dagster disposes of it after every event.
                kept = create_engine(url, **{name: value for name, value in options.items() if name != "poolclass"})
                kept.dispose = lambda close=True: None  # type: ignore[method-assign] # noqa: ARG005 - as SQLAlchemy calls it
                self._engines[url] = kept
            return self._engines[url]

    @contextmanager
    def of(self, home: Path) -> Iterator[None]:
        """Keep the engines of a home as long as the block lasts; the last block of a home closes its connections."""
        place = f"{home.resolve()}/"
        with self._lock:
            for name in MAKERS:
                vars(import_module(name))["create_engine"] = self.engine
            self._open[place] += 1
        try:
            yield
        finally:
            with self._lock:
                self._open[place] -= 1
                self._open += Counter()
                if place not in self._open:
                    for url in [url for url in self._engines if place in url]:
                        self._engines.pop(url).pool.dispose()


KEPT = KeptEngines()
"""Is the one of this process, since Dagster's modules are of the process too."""

"""For every switch, a question to the API whose answer is yes where the switch does what its sentence says."""

from __future__ import annotations

from collections.abc import Callable

from lakehouse_assets_tests.affise.simulator import dimensions_probes, facts_probes, requests_probes
from lakehouse_assets_tests.affise.simulator.api import Api

PROBES = {**requests_probes.PROBES, **dimensions_probes.PROBES, **facts_probes.PROBES}
"""For every switch: the options that it is tried with, and the question."""


def question(name: str) -> tuple[str, Callable[[Api], object]]:
    """The switch as it is written with its options, and the question."""
    options, probe = PROBES[name]
    return f"{name}:{options}" if options else name, probe

"""Which test shows which switch, and in which words: the functions of the modules beside this one."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

from lakehouse_assets_tests.marketing.cases import dimensions, facts, otherwise, sentences, wire

Trace = Callable[[Any], None]
FILE = "marketing/test_cases.py"


def traces(*modules: ModuleType) -> dict[str, Trace]:
    """The public functions of modules by the switch that each is named for."""
    return {
        name.replace("_", "-"): found
        for module in modules
        for name, found in vars(module).items()
        if getattr(found, "__module__", "") == module.__name__ and not isinstance(found, type) and name[0] != "_"
    }


GROUPS: dict[str, dict[str, Trace]] = {
    "test_dirty_data_is_seen": traces(dimensions, facts),
    "test_a_fault_on_the_way_is_seen": traces(wire),
    "test_an_answer_of_another_kind_is_seen": traces(otherwise),
    "test_a_tenant_that_gives_no_report_is_told_of": traces(sentences),
}
"""The tests, each with the switches that it is asked of."""
WAITING = {
    "rate-missing": "an unknown currency is no blocking check: its amounts are left out, or the cast of NULL fails",
    "custom-disagrees": "no check compares clicks with `stats/custom`",
    "manager-key": "no run compares what a key sees with the run before",
}
"""Switches whose sentence is not true yet, and what is missing; their tests are expected to fail."""


def shown_by(switch: str) -> tuple[str, str]:
    """What happens with a switch on, and the test that shows it."""
    ((test, trace),) = [(test, found[switch]) for test, found in GROUPS.items() if switch in found]
    happens = " ".join((trace.__doc__ or "").split())
    return f"{happens} (Not yet: {WAITING[switch]}.)" if switch in WAITING else happens, f"{FILE}::{test}[{switch}]"

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


def shown_by(switch: str) -> tuple[str, str]:
    """What happens with a switch on, and the test that shows it."""
    ((test, trace),) = [(test, found[switch]) for test, found in GROUPS.items() if switch in found]
    return " ".join((trace.__doc__ or "").split()), f"{FILE}::{test}[{switch}]"

"""Walking through a machine, branches included."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Machine = dict[str, Any]


def scopes(machine: Machine) -> Iterator[Machine]:
    """The machine and every branch below it: each has `StartAt` and `States`."""
    yield machine
    for state in machine["States"].values():
        for branch in [*state.get("Branches", []), *filter(None, [state.get("ItemProcessor")])]:
            yield from scopes(branch)


def states(machine: Machine) -> list[tuple[str, dict[str, Any]]]:
    """Every state by name, those of branches included."""
    return [item for scope in scopes(machine) for item in scope["States"].items()]


def targets(state: dict[str, Any]) -> set[str]:
    """Where a state may lead."""
    ways = [state, *state.get("Choices", []), *state.get("Catch", [])]
    return {way[key] for way in ways for key in ("Next", "Default") if key in way}


def expressions(value: Any) -> set[str]:
    """Every JSONata expression in a value, at any depth."""
    if isinstance(value, dict):
        return {found for key, item in value.items() for found in expressions(item)}
    if isinstance(value, list):
        return {found for item in value for found in expressions(item)}
    return {value} if isinstance(value, str) and value.startswith("{%") else set()

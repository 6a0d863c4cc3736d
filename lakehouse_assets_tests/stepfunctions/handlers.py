"""Answers of a machine's functions by their own handlers, on a lake in a folder; Glue and Athena stay recorded.

Gold alone is built, as functions read it. Payloads and answers pass as JSON, and an error reaches the machine as Lambda
reports it, so that the machine meets what it meets in production but for the services.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lakehouse_assets.compute.functions import handler_of
from lakehouse_assets.errors import LakehouseError
from lakehouse_assets_tests.lake import LakeDriver
from lakehouse_assets_tests.stepfunctions.interpreter import MachineFailed
from lakehouse_assets_tests.stepfunctions.recorded import RAN
from lakehouse_assets_tests.stepfunctions.walk import Machine, states
from stepfunctions.builder import named
from stepfunctions.calls import SUBSTITUTIONS

PREFIXES = ("FunctionPrefix", "JobPrefix")


def installed(made: Machine, root: Path, zone: str = "UTC") -> Machine:
    """A machine as it is deployed: with lake and landing below a folder, and names of an environment `test-`."""
    places = {"LakeRoot": f"{root}/lake", "LandingRoot": f"{root}/landing", "SourceTimezone": zone}
    text = json.dumps(made)
    for name in SUBSTITUTIONS:
        text = text.replace(f"${{{name}}}", places.get(name, "test-" if name in PREFIXES else name))
    found: Machine = json.loads(text)
    return found


def functions(made: Machine, own: dict[str, str] | None = None) -> dict[str, Callable[[Any], Any]]:
    """What answers each state that calls a function."""
    tasks = {name: state for name, state in states(made) if state.get("Resource", "").endswith("lambda:invoke")}
    return {name: _called(state["Arguments"]["FunctionName"], own or {}) for name, state in tasks.items()}


def merges(root: Path) -> dict[str, Callable[[Any], Any]]:
    """What answers each MERGE of gold: the embedded engine builds the table, as Athena has no place in a folder."""
    driver = LakeDriver(root)
    gold = [contract.name for contract in driver.known.values() if contract.layer == "gold"]

    def merge(name: str) -> Callable[[Any], Any]:
        def answer(_arguments: Any) -> Any:
            driver.gold(name)
            return copy.deepcopy(RAN)

        return answer

    return {named("Merge", name): merge(name) for name in gold}


def _called(function: str, own: dict[str, str]) -> Callable[[Any], Any]:
    handler = handler_of(function.removeprefix("test-"), own)

    def answer(arguments: dict[str, Any]) -> dict[str, Any]:
        try:
            found = handler(json.loads(json.dumps(arguments["Payload"])), None)
        except LakehouseError as error:
            cause = {"errorMessage": str(error), "errorType": type(error).__name__, "stackTrace": []}
            raise MachineFailed(type(error).__name__, json.dumps(cause)) from error
        return {"StatusCode": 200, "Payload": json.loads(json.dumps(found))}

    return answer

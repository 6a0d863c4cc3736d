"""Find the handler of a Lambda function by its name, to call it in this process.

A function `PlanRun` of the product has its handler in `lambdas/planrun/handler.py`. A pipeline may name others of its
own as `module:handler`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, cast

from lakehouse_assets.errors import BadRequest

Handler = Callable[[dict[str, Any], object], dict[str, Any]]
"""Takes an event and Lambda's context, answers JSON values."""


def handler_of(function: str, own: Mapping[str, str]) -> Handler:
    """Return the handler of a function.

    Args:
        function: its name, as a `FunctionTask` has it.
        own: handlers that the pipeline brings, `module:handler` by function.

    Raises:
        BadRequest: there is no such handler.
    """
    path = own.get(function, f"lambdas.{function.lower().replace('-', '_')}.handler:handler")
    module, _, name = path.partition(":")
    try:
        return cast("Handler", getattr(import_module(module), name))
    except (ModuleNotFoundError, AttributeError, ValueError) as error:
        raise BadRequest(message=f"function `{function}` has no handler `{path}`: {error}") from error

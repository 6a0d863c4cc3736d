"""Find the handler of a Lambda function by its name, to call it in this process.

A function `PlanRun` of the product has its handler in `lambdas/planrun/handler.py`. A pipeline may name others of its
own as `module:handler`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pkgutil import resolve_name
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
    try:
        found = resolve_name(path)
    except (ImportError, AttributeError, ValueError) as error:
        raise BadRequest(message=f"function `{function}` has no handler `{path}`: {error}") from error
    if not callable(found):  # a path without a colon names a module
        raise BadRequest(message=f"function `{function}` has no handler `{path}`: it is no function")
    return cast("Handler", found)

"""Keep what validates and dumps values of a type: pydantic takes milliseconds to make one, and a run asks often."""

from __future__ import annotations

from collections.abc import Hashable
from functools import cache
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter

Value = TypeVar("Value")


def adapter_of(kind: type[Value]) -> TypeAdapter[Value]:
    """Return what validates and dumps values of a type, made at the first call for it."""
    made: TypeAdapter[Value] = _made(cast("Any", kind))
    return made


@cache
def _made(kind: Hashable) -> TypeAdapter[Any]:
    return TypeAdapter(cast("Any", kind))

"""Spell a run's request as Dagster's configuration: fields with type, words and allowed values, from `RunRequest`.

What belongs to the installation (lake, engine, zone, memory) is no field of a request, so the launchpad has none.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, get_args

import dagster as dg

from lakehouse_assets.core.request import ALLOWED, Mode, Pull, Selection, Window, words


def config_schema(asked: Collection[str]) -> dict[str, dg.Field]:
    """Return Dagster's schema of these fields of a request."""
    return {name: _field(name) for name in asked}


def _field(name: str) -> dg.Field:
    default: dict[str, Any] = {"default_value": DEFAULTS[name]} if name in DEFAULTS else {}
    return dg.Field(TYPES[name], is_required=False, description=_words(name), **default)


def given_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was given of a step's configuration, without the fields that say nothing."""
    return {name: value for name, value in config.items() if value not in (None, {})}


def _words(name: str) -> str:
    return f"{words(name)} Allowed: {ALLOWED[name]}."


def _shape(model: type[Selection | Window], kind: Any, *, required: bool) -> dict[str, dg.Field]:  # noqa: ANN401 - a Dagster type
    return {
        name: dg.Field(kind, is_required=required, description=str(declared.description))
        for name, declared in model.model_fields.items()
    }


TYPES: dict[str, Any] = {
    "as_of": dg.Noneable(str),
    "mode": dg.Enum("Mode", [dg.EnumValue(mode) for mode in get_args(Mode)]),
    "files": dg.Noneable(dg.Array(dg.Array(str))),
    "date": dg.Noneable(str),
    "window": dg.Noneable(_shape(Window, str, required=True)),
    "pull": dg.Enum("Pull", [dg.EnumValue(pull) for pull in get_args(Pull)]),
    "selection": _shape(Selection, dg.Noneable(str), required=False),
    "max_reject_ratio": dg.Noneable(float),
    "full_refresh": bool,
    "tick": dg.Noneable(str),
}
"""Maps each field of a request to the way Dagster's configuration spells its type."""
DEFAULTS: dict[str, Any] = {
    "mode": str(get_args(Mode)[0]),
    "pull": str(get_args(Pull)[0]),
    "full_refresh": False,
}

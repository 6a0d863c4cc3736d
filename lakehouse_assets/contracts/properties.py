"""Define the custom properties of contracts: their names, what they hold, and where they may stand.

A property becomes a typed field of the same name (`model`). An unknown one is refused with the nearest known name, a
known one in the wrong place or with a value of another kind with what is allowed.

    table    layer, database, and by layer: landing, files, format, records, normaliser, recurs, event_time,
             tie_breaker, versions, erased_with, date_column, max_reject_ratio, affects, window, window_source,
             partition_by
    column   unit, source, optional, path
    rule     kind, and parameters of the generic checks: days (freshness, date_in_future), share (volume), column (of
             all three)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from lakehouse_assets.contracts.affects import read_effects
from lakehouse_assets.contracts.document import Node
from lakehouse_assets.contracts.model import FORMATS, Kind, Layer
from lakehouse_assets.contracts.names import TAKEN, is_name
from lakehouse_assets.spelling import meant

LAYERS = get_args(Layer)
TABLES = tuple(layer for layer in LAYERS if layer != "landing")
FUNCTION_NAME = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")
PLACING = ("layer", "kind")
"""Names the properties that say where the others may stand."""


@dataclass(frozen=True)
class Value:
    """Define what a property may hold.

    Attributes:
        words: what that is.
        read: how a document's value becomes the field's; a ValueError when it does not.
        tells: whether that error says itself what is wrong.
    """

    words: str
    read: Callable[[Any], Any]
    tells: bool = False


def _text(value: Any) -> str:  # noqa: ANN401 - as YAML gives it
    if isinstance(value, bool) or not isinstance(value, (str, int, float)) or not str(value).strip():
        raise ValueError(value)
    return str(value).strip()


def _name(value: Any) -> str:  # noqa: ANN401 - as YAML gives it
    text = _text(value)
    if not is_name(text):
        raise ValueError(value)
    return text


def _flag(value: Any) -> bool:  # noqa: ANN401 - as YAML gives it
    found = {"true": True, "false": False}.get(str(value).lower())
    if found is None:
        raise ValueError(value)
    return found


def _share(value: Any) -> float:  # noqa: ANN401 - as YAML gives it
    share = float(_text(value))
    if not 0 <= share <= 1:
        raise ValueError(value)
    return share


def _days(value: Any) -> int:  # noqa: ANN401 - as YAML gives it
    text = _text(value)
    if not (text.isascii() and text.isdecimal()):
        raise ValueError(value)
    return int(text)


def _names(value: Any) -> tuple[str, ...]:  # noqa: ANN401 - as YAML gives it
    names = tuple(part.strip() for part in _text(value).split(","))
    if not all(names):
        raise ValueError(value)
    return names


def _function(value: Any) -> str:  # noqa: ANN401 - as YAML gives it
    text = _text(value)
    if not FUNCTION_NAME.fullmatch(text):
        raise ValueError(value)
    return text


def one_of(words: Sequence[str]) -> Value:
    """Return the kind of value that takes one of these words."""

    def read(value: Any) -> str:  # noqa: ANN401 - as YAML gives it
        text = _text(value)
        if text not in words:
            raise ValueError(text)
        return text

    return Value(f"one of {', '.join(words)}", read)


TEXT = Value("a text", _text)
NAMED = Value(TAKEN, _name)
FLAG = Value("true or false", _flag)
SHARE = Value("a number from 0 to 1", _share)
DAYS = Value("a whole number of days", _days)
NAMES = Value("column names with commas between them", _names)
EFFECTS = Value("a list of entries that each name a window", read_effects, tells=True)
FUNCTION = Value("a function as `package.module:name`", _function)
PATTERNS = Value("file patterns with commas between them", _names)


@dataclass(frozen=True)
class Property:
    """Define one property.

    Attributes:
        name: as contracts write it, and the field's.
        value: what it holds.
        places: layers (of the table's and columns' properties) or kinds of rules that may have it.
        needed: those of them that must.
    """

    name: str
    value: Value
    places: tuple[str, ...]
    needed: tuple[str, ...] = ()


TABLE = (
    Property("layer", one_of(LAYERS), LAYERS, LAYERS),
    Property("database", NAMED, LAYERS, LAYERS),
    Property("landing", TEXT, ("silver",), ("silver",)),
    Property("files", PATTERNS, ("landing",), ("landing",)),
    Property("format", one_of(FORMATS), ("landing",)),
    Property("records", TEXT, ("landing",)),
    Property("normaliser", FUNCTION, ("landing",)),
    Property("recurs", FLAG, ("landing",)),
    Property("event_time", TEXT, ("silver",)),
    Property("tie_breaker", TEXT, ("silver",)),
    Property("versions", TEXT, ("silver",)),
    Property("erased_with", TEXT, ("silver",)),
    Property("date_column", TEXT, ("silver",)),
    Property("max_reject_ratio", SHARE, ("silver",)),
    Property("affects", EFFECTS, ("silver",)),
    Property("window", TEXT, ("gold",)),
    Property("window_source", TEXT, ("gold",)),
    Property("partition_by", NAMES, TABLES),
)
COLUMN = (
    Property("unit", TEXT, LAYERS),
    Property("source", TEXT, ("silver", "reference")),
    Property("optional", FLAG, ("silver",)),
    Property("path", TEXT, ("landing",)),
)
RULE = (
    Property("kind", one_of(get_args(Kind)), get_args(Kind), get_args(Kind)),
    Property("days", DAYS, ("freshness", "date_in_future"), ("date_in_future",)),
    Property("share", SHARE, ("volume",)),
    Property("column", TEXT, ("freshness", "volume", "date_in_future")),
)


def word(node: Node, known: Property) -> str:
    """Return the value of the property that says where the others may stand (`layer`, `kind`); empty if it has none."""
    found = {item.content.get("property"): item.content.get("value") for item in node.children("customProperties")}
    try:
        return str(known.value.read(found.get(known.name)))
    except ValueError:
        return ""


def read(node: Node, known: Iterable[Property], place: str) -> dict[str, Any]:
    """Return the properties of a node as typed values by name, and note what is wrong.

    Args:
        node: the table's, a column's or a rule's.
        known: the properties that there are for it.
        place: its layer or kind; where that is not known, nothing can be said about where a property may stand.
    """
    by_name = {p.name: p for p in known}
    values: dict[str, Any] = {}
    for item in node.children("customProperties"):
        name = str(item.content.get("property"))
        if name in values:
            node.note(f"has the property `{name}` twice")
        elif name not in by_name:
            node.note(f"has an unknown property `{name}`; {meant(name, by_name)}")
        elif place and place not in by_name[name].places:
            node.note(f"has the property `{name}`, which belongs to {' and '.join(by_name[name].places)}, not {place}")
        else:
            _take(node, by_name[name], item.content.get("value"), values)
    for name, prop in by_name.items():
        is_needed = place in prop.needed if place else name in PLACING
        if is_needed and name not in values:
            _note_absent(node, name)
    return values


def _take(node: Node, known: Property, value: Any, values: dict[str, Any]) -> None:  # noqa: ANN401 - as YAML gives it
    try:
        values[known.name] = known.value.read(value)
    except ValueError as error:
        node.note(str(error) if known.value.tells else f"has {known.name} `{value}`; it takes {known.value.words}")


def _note_absent(node: Node, name: str) -> None:
    """Note that a property is lacking, unless a bad value of it was noted already."""
    if not any(item.content.get("property") == name for item in node.children("customProperties")):
        node.note(f"lacks the property `{name}`")

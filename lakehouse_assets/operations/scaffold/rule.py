"""Draft a rule: add it to the `quality` of its table's contract, which stays as it is otherwise, with its comments."""

from __future__ import annotations

import textwrap
from typing import Any

import yaml

from lakehouse_assets.errors import BadRequest
from lakehouse_assets.operations.scaffold.dataset import text_of


def added(text: str, rule: dict[str, Any]) -> str:
    """Return a contract's text with one rule more at the end of its table's `quality`.

    Raises:
        BadRequest: the text has no table to add it to.
    """
    table = _first(_value(yaml.compose(text), "schema"))
    quality = _value(table, "quality")
    if quality is None and table is not None:
        return _with_quality(text, table, rule)
    if not isinstance(quality, yaml.SequenceNode) or quality.flow_style or not quality.value:
        raise BadRequest(message="the contract's `quality` is no list of lines that a rule can be added to")
    last = quality.value[-1]
    indent = last.start_mark.column - 2
    return _inserted(text, _end(text, last), textwrap.indent(text_of([rule]), " " * max(indent, 0)))


def _with_quality(text: str, table: yaml.MappingNode, rule: dict[str, Any]) -> str:
    lines = text_of({"quality": [rule]})
    return _inserted(text, _end(text, table), textwrap.indent(lines, " " * table.value[0][0].start_mark.column))


def _end(text: str, node: yaml.Node) -> int:
    """Return the place after the line in which a node's last value ends; a block ends where the next thing begins."""
    upto = text[: node.end_mark.index].rstrip()
    end = text.find("\n", len(upto))
    return len(text) if end < 0 else end + 1


def _inserted(text: str, at: int, lines: str) -> str:
    before = text[:at] if text[:at].endswith("\n") else f"{text[:at]}\n"
    return f"{before}{lines}{text[at:]}"


def _value(node: yaml.Node | None, key: str) -> yaml.Node | None:
    if not isinstance(node, yaml.MappingNode):
        return None
    return next((value for name, value in node.value if name.value == key), None)


def _first(node: yaml.Node | None) -> yaml.MappingNode | None:
    found = node.value[0] if isinstance(node, yaml.SequenceNode) and node.value else None
    return found if isinstance(found, yaml.MappingNode) else None

"""Read YAML, and tell of keys that stand twice in one mapping, of which YAML's readers take the last in silence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

SAFE_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""Holds libyaml's safe loader if it is installed: it is ten times faster than Python's."""
MERGE = "tag:yaml.org,2002:merge"
"""Marks the key `<<`, with which a mapping may take over several others."""


@dataclass(frozen=True)
class Repeated:
    """Hold a key that stands twice in one mapping, with its lines, from 1."""

    key: str
    first: int
    second: int

    @property
    def problem(self) -> str:
        """Return what is wrong, in words that follow the name of the file."""
        return f"has the key `{self.key}` twice, in line {self.first} and in line {self.second}; keep one of them"


def read_yaml(text: str) -> tuple[Any, tuple[Repeated, ...]]:
    r"""Return what a YAML text holds, and the keys that it says twice, in their order.

    Raises:
        yaml.YAMLError, ValueError, LookupError, AttributeError, RecursionError: it is no YAML that can be read.

    >>> read_yaml("a: 1\nb: {c: 2, c: 3}")
    ({'a': 1, 'b': {'c': 3}}, (Repeated(key='c', first=2, second=2),))
    """
    loader = SAFE_LOADER(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None, ()
        found = sorted(_repeated(node), key=lambda one: one.second)  # before keys that are merged stand among them
        return loader.construct_document(node), tuple(found)
    finally:
        loader.dispose()


def _repeated(root: yaml.Node) -> Iterator[Repeated]:
    """Yield the keys that stand twice in a mapping, of all mappings of a document."""
    left, seen = [root], set[int]()
    while left:
        node = left.pop()
        if id(node) in seen:  # it is referred to once more
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            left += node.value
        elif isinstance(node, yaml.MappingNode):
            yield from _of_mapping(node)
            left += [value for _, value in node.value]


def _of_mapping(node: yaml.MappingNode) -> Iterator[Repeated]:
    lines: dict[tuple[str, str], int] = {}
    for key, _ in node.value:
        if isinstance(key, yaml.ScalarNode) and key.tag != MERGE:
            name, line = (key.tag, key.value), key.start_mark.line + 1
            if name in lines:
                yield Repeated(key.value, lines[name], line)
            lines.setdefault(name, line)

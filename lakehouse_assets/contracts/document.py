"""A contract's YAML document, read piece by piece: whatever is absent or of another kind is noted, with where it is.

Here: looking into the document. Not here: what a contract must say (`reader`, `properties`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Node:
    """One mapping of the document.

    Attributes:
        content: what stands there.
        place: the words before a problem that say where (`column `id` `), empty for the document itself.
        problems: sentences about what is wrong, shared by all nodes of a document.
    """

    content: Mapping[str, Any]
    place: str = ""
    problems: list[str] = field(default_factory=list)

    def note(self, problem: str) -> None:
        """Remember one thing that is wrong here."""
        self.problems.append(f"{self.place}{problem}")

    def text(self, name: str, *, default: str | None = None) -> str:
        """A text that must be there, unless it has a default; numbers are taken as they are written."""
        value = self.content.get(name, default)
        if value is None:
            self.note(f"lacks `{name}`")
        elif not isinstance(value, (str, int, float)) or isinstance(value, bool):
            self.note(f"has no text in `{name}`")
        else:
            return str(value)
        return ""

    def number(self, name: str) -> int:
        """A whole number from 0; 0 when it is not there."""
        value = self.content.get(name, 0)
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            self.note(f"has `{value}` in `{name}`, which takes a whole number")
            return 0
        return value

    def flag(self, name: str) -> bool:
        """True or false; false when it is not there."""
        value = self.content.get(name, False)
        if not isinstance(value, bool):
            self.note(f"has `{value}` in `{name}`, which takes true or false")
            return False
        return value

    def child(self, name: str) -> Node:
        """A mapping that must be there."""
        return self._node(self.content.get(name), name, self.place)

    def first(self, name: str) -> Node:
        """The first mapping of a list that must be there and not be empty."""
        items = self.children(name)
        if not items:
            self.note(f"lacks `{name}`")
        return items[0] if items else Node({}, self.place, [])

    def children(self, name: str, what: str = "") -> list[Node]:
        """The mappings of a list, which may be absent; each is called `what` and its `name` in problems."""
        items = self.content.get(name) or []
        if not isinstance(items, list):
            self.note(f"has no list in `{name}`")
            return []
        return [self._node(item, name, self._called(item, what, number)) for number, item in enumerate(items, 1)]

    def _called(self, item: object, what: str, number: int) -> str:
        if not what:
            return self.place
        name = item.get("name") if isinstance(item, Mapping) else None
        return f"{what} `{name}` " if name else f"{what} {number} "

    def _node(self, content: object, name: str, place: str) -> Node:
        if isinstance(content, Mapping):
            return Node(content, place, self.problems)
        self.note(f"lacks `{name}`" if content is None else f"has no mapping in `{name}`")
        # What is asked of a node that is not there would only repeat that.
        return Node({}, place, [])

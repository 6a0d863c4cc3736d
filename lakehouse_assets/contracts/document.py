"""Read a contract's YAML document piece by piece, and note what is absent or of another kind, and where.

Here: looking into the document. Not here: what a contract must say (`reader`, `properties`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lakehouse_assets.contracts.fields import unknown


@dataclass(frozen=True)
class Node:
    """Hold one mapping of the document.

    Attributes:
        content: the fields of the mapping, by name.
        place: the words before a problem that say where (`column `id` `), empty for the document itself.
        problems: sentences about what is wrong, shared by all nodes of a document.
        under: the field of the standard under which the mapping stands, empty for the document itself.
    """

    content: Mapping[str, Any]
    place: str = ""
    problems: list[str] = field(default_factory=list)
    under: str = ""

    def __post_init__(self) -> None:
        for problem in unknown(self.content, self.under):
            self.note(problem)

    def note(self, problem: str) -> None:
        """Note one problem of this mapping."""
        self.problems.append(f"{self.place}{problem}")

    def text(self, name: str, *, default: str | None = None) -> str:
        """Return a text, or a number as it is written; note a problem if it is absent and has no default."""
        value = self.content.get(name, default)
        if value is None:
            self._note_absent(name)
        elif not isinstance(value, (str, int, float)) or isinstance(value, bool):
            self.note(f"has no text in `{name}`")
        else:
            return str(value)
        return ""

    def number(self, name: str) -> int:
        """Return a whole number from 0; it is 0 when absent."""
        value = self.content.get(name, 0)
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            self.note(f"has `{value}` in `{name}`, which takes a whole number")
            return 0
        return value

    def flag(self, name: str) -> bool:
        """Return true or false; it is false when absent."""
        value = self.content.get(name, False)
        if not isinstance(value, bool):
            self.note(f"has `{value}` in `{name}`, which takes true or false")
            return False
        return value

    def child(self, name: str) -> Node:
        """Return a mapping; note a problem if it is absent."""
        return self._node(self.content.get(name), name, self.place)

    def first(self, name: str) -> Node:
        """Return the first mapping of a list; note a problem if the list is absent or empty."""
        items = self.children(name)
        if not items:
            self._note_absent(name)
        return items[0] if items else Node({}, self.place, [])

    def children(self, name: str, what: str = "") -> list[Node]:
        """Return the mappings of a list, which may be absent; problems call each one `what` and its `name`."""
        items = self.content.get(name) or []
        if not isinstance(items, list):
            self.note(f"has no list in `{name}`")
            return []
        return [self._node(item, name, self._called(item, what, number)) for number, item in enumerate(items, 1)]

    def _note_absent(self, name: str) -> None:
        """Note that a field is lacking, unless it is noted that a misspelt one is meant for it."""
        if not any(problem.endswith(f"; did you mean `{name}`?") for problem in unknown(self.content, self.under)):
            self.note(f"lacks `{name}`")

    def _called(self, item: object, what: str, number: int) -> str:
        if not what:
            return self.place
        name = item.get("name") if isinstance(item, Mapping) else None
        return f"{what} `{name}` " if name else f"{what} {number} "

    def _node(self, content: object, name: str, place: str) -> Node:
        if isinstance(content, Mapping):
            return Node(content, place, self.problems, name)
        if content is None:
            self._note_absent(name)
        else:
            self.note(f"has no mapping in `{name}`")
        # What is asked of a node that is not there would only repeat that.
        return Node({}, place, [])

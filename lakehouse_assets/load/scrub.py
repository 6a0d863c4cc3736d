"""Take what names a person out of JSON values: rows of samples, items of lists, and words in text."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from typing import Any

GONE = "(forgotten)"
SHORT = 4
"""A word of fewer characters, or of digits only, stands in too many places to be replaced within a text."""


@dataclass(frozen=True)
class Scrub:
    """Hold what is taken out.

    Attributes:
        words: values that the condition names.
        keys: keys of the rows that were found, as text.
    """

    words: frozenset[str]
    keys: Collection[str] = frozenset()

    @cached_property
    def pattern(self) -> re.Pattern[str] | None:
        """Return what matches a word within a text; None where no word is long enough."""
        long = sorted((w for w in self.words if len(w) >= SHORT and not w.isdecimal()), key=len, reverse=True)
        return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, long))})(?!\w)") if long else None

    @cached_property
    def cell(self) -> re.Pattern[str]:
        """Return what matches a line of a table in Markdown that has a cell with one of the words."""
        words = "|".join(map(re.escape, sorted(self.words, key=len, reverse=True)))
        return re.compile(rf"(?m)^[^\n]*\|\s*(?:{words})\s*\|[^\n]*\n?")

    def names(self, value: object) -> bool:
        """Say whether a single value is one of the words or keys."""
        return (
            not isinstance(value, (dict, list, bool))
            and value is not None
            and (str(value) in self.words or str(value) in self.keys)
        )

    def text(self, text: str) -> str:
        """Return a text without lines of tables that name a word, and without the words."""
        if not any(word in text for word in self.words):
            return text
        text = self.cell.sub("", text)
        return self.pattern.sub(GONE, text) if self.pattern else text

    def value(self, value: Any) -> Any:  # noqa: ANN401 - any JSON value
        """Return a JSON value without what names them; a value that does not is the same."""
        if isinstance(value, dict):
            return {name: self._member(name, one) for name, one in value.items()}
        if isinstance(value, list):
            kept = [one for one in value if not self._is_row(one) and not self.names(one)]
            return [self.value(one) for one in kept]
        return self.text(value) if isinstance(value, str) else value

    def _member(self, name: str, value: Any) -> Any:  # noqa: ANN401 - any JSON value
        if isinstance(value, str) and value in self.words:
            return GONE
        del name
        return self.value(value)

    def _is_row(self, value: object) -> bool:
        """Say whether a value is a row of theirs: an object of single values, one of which is a word or key."""
        if not isinstance(value, dict) or any(isinstance(one, (dict, list)) for one in value.values()):
            return False
        return any(isinstance(one, str) and self.names(one) for one in value.values())

"""Take what names a person out of JSON values and texts: rows of samples, items of lists, and words in text.

A short value, or one of digits only, stands for many things. So it counts only where its place says what it is: in a
field or cell of a column that the condition names, or among values that a run has touched.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

GONE = "(forgotten)"
SHORT = 4
"""A word of fewer characters is short."""
TOUCHED = re.compile(r"touched|window")
"""Matches names of lists whose items are values of windows."""


@dataclass(frozen=True)
class Scrub:
    """Hold what is taken out.

    Attributes:
        words: values that the condition names.
        columns: names of columns in which words stand.
        keys: keys of the rows that were found, as text, by the column that they stand in.
    """

    words: frozenset[str]
    columns: frozenset[str] = frozenset()
    keys: Mapping[str, Collection[str]] = field(default_factory=dict)

    @cached_property
    def long(self) -> frozenset[str]:
        """Return the words that mean the same wherever they stand."""
        return frozenset(word for word in self.words if len(word) >= SHORT and not word.isdecimal())

    @cached_property
    def pattern(self) -> re.Pattern[str] | None:
        """Return what matches a long word within a text; None where there is none."""
        return _any_of(self.long, r"(?<!\w)(?:{})(?!\w)")

    @cached_property
    def cell(self) -> re.Pattern[str] | None:
        """Return what matches a line of a table in Markdown that has a cell with one of the words."""
        return _any_of(self.words, r"(?m)^[^\n]*\|[ ]*(?:{})[ ]*\|[^\n]*\n?")

    @property
    def all_keys(self) -> frozenset[str]:
        """Return the keys of all columns."""
        return frozenset(key for some in self.keys.values() for key in some)

    def names(self, value: object, column: str | None = None) -> bool:
        """Say whether a single value is one of the words, or a key: of a column, or of any where none is named."""
        if not isinstance(value, (str, int)) or isinstance(value, bool):
            return False
        keys = self.all_keys if column is None else self.keys.get(column, ())
        return (str(value) in self.words and (column is None or column in self.columns)) or str(value) in keys

    def text(self, text: str) -> str:
        """Return a text without lines of tables that name a word or a key in its column, and without the long words."""
        text = "".join(self._without_rows(text.splitlines(keepends=True))) if self.keys and "|" in text else text
        if not any(word in text for word in self.words):
            return text
        left = self.cell.sub("", text) if self.cell and "|" in text else text
        return self.pattern.sub(GONE, left) if self.pattern else left

    def _without_rows(self, lines: Iterable[str]) -> Iterator[str]:
        """Yield lines but those of tables in Markdown that have, under the name of a key's column, one of its keys."""
        columns: list[str] = []
        for line in lines:
            cells = [cell.strip() for cell in line.strip().strip("|").split("|")] if "|" in line else []
            if not any(self._is_field(name, cell) for name, cell in zip(columns, cells, strict=False)):
                yield line
            columns = columns or cells if cells else []

    def value(self, value: Any, name: str = "") -> Any:  # noqa: ANN401 - any JSON value
        """Return a JSON value without what names them; a value that does not is the same.

        Args:
            value: as JSON gives it.
            name: of the member that it is.
        """
        if isinstance(value, dict):
            return {key: GONE if self._is_field(key, one) else self.value(one, key) for key, one in value.items()}
        if isinstance(value, list):
            return [self.value(one, name) for one in value if not self._is_item(one, name)]
        return self.text(value) if isinstance(value, str) else value

    def _is_item(self, value: object, name: str) -> bool:
        """Say whether an item of a list goes: a row of theirs, or a value that was touched."""
        if isinstance(value, dict):
            single = not any(isinstance(one, (dict, list)) for one in value.values())
            return single and self.is_row(value)
        return (self.names(value) and bool(TOUCHED.search(name))) or (isinstance(value, str) and value in self.long)

    def is_row(self, row: Mapping[str, object]) -> bool:
        """Say whether fields by column are those of a row of theirs."""
        return any(self._is_field(name, value) or value in self.long for name, value in row.items() if value)

    def _is_field(self, name: str, value: object) -> bool:
        return self.names(value, name)


def _any_of(words: Collection[str], form: str) -> re.Pattern[str] | None:
    """Return a pattern in which braces stand for any of these words."""
    each = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
    return re.compile(form.replace("{}", each)) if words else None

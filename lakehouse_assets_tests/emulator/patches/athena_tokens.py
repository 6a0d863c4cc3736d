"""Cut the text of a statement into its words, as far as Athena's DDL and its refusals take it."""

from __future__ import annotations

import re
from dataclasses import dataclass

PATTERN = re.compile(
    r"(?P<space>\s+|--[^\n]*|/\*.*?\*/)"
    r"|(?P<text>'(?:[^']|'')*')"
    r"|(?P<double>\"(?:[^\"]|\"\")*\")"
    r"|(?P<back>`(?:[^`]|``)*`)"
    r"|(?P<number>\d+(?:\.\d+)?)"
    r"|(?P<word>[^\W\d]\w*|_\w*)"
    r"|(?P<sign>.)",
    re.DOTALL,
)


@dataclass(frozen=True)
class Token:
    """A word of a statement: its kind (text, double, back, number, word or sign), as it is written, and where."""

    kind: str
    written: str
    place: int

    @property
    def upper(self) -> str:
        """The word in capitals; nothing for what is quoted, which is no keyword."""
        return self.written.upper() if self.kind in ("word", "sign", "number") else ""

    @property
    def value(self) -> str:
        """What it stands for: without quotes, and a name in small letters."""
        quote = self.written[0]
        if self.kind in ("text", "double", "back"):
            inner = self.written[1:-1].replace(quote * 2, quote)
            return inner if self.kind == "text" else inner.lower()
        return self.written.lower()


def tokens(statement: str) -> list[Token]:
    """Return the words of a statement without blanks and comments.

    >>> [token.value for token in tokens("SELECT 'it''s' FROM `A`.b -- end")]
    ['select', "it's", 'from', 'a', '.', 'b']
    """
    found = (Token(str(match.lastgroup), match[0], match.start()) for match in PATTERN.finditer(statement))
    return [token for token in found if token.kind != "space"]


def name_at(words: list[Token], place: int) -> tuple[str, ...]:
    """Return the name that begins at a word: its parts, from the left.

    >>> name_at(tokens('INTO "awsdatacatalog".s.t VALUES'), 1)
    ('awsdatacatalog', 's', 't')
    """
    parts: list[str] = []
    while place < len(words) and words[place].kind in ("word", "double", "back"):
        parts.append(words[place].value)
        if place + 1 >= len(words) or words[place + 1].written != ".":
            break
        place += 2
    return tuple(parts)


def name_before(words: list[Token], place: int) -> tuple[str, ...]:
    """Return the name that ends before a word; nothing where there is none.

    >>> name_before(tokens("FROM s.t FOR VERSION AS OF 1"), 4)
    ('s', 't')
    """
    parts: list[str] = []
    place -= 1
    while place >= 0 and words[place].kind in ("word", "double", "back"):
        parts.insert(0, words[place].value)
        if place == 0 or words[place - 1].written != ".":
            break
        place -= 2
    return tuple(parts)

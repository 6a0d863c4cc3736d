"""Read a statement of Athena's DDL word by word: names, literals, numbers, lists.

https://docs.aws.amazon.com/athena/latest/ug/tables-databases-columns-names.html
"""

from __future__ import annotations

from collections.abc import Iterator

from .athena_tokens import Token
from .athena_words import RESERVED


class NotAthena(Exception):  # noqa: N818 - what happened
    """A statement that Athena's grammar does not have; the text is what Athena would put first."""


class Words:
    """Hold the words of one statement, and how far they have been read."""

    def __init__(self, words: list[Token]) -> None:
        self.words, self.place = words, 0

    def listed(self) -> Iterator[None]:
        """Yield once for each entry of a list in parentheses, which is read meanwhile."""
        self.need("(")
        yield
        while self.took(","):
            yield
        self.need(")")

    def identifier(self) -> str:
        """Return a name; a reserved word, or one that begins with an underscore, needs backticks."""
        word = self.peek()
        if word is None or word.kind not in ("word", "back"):
            raise self.wrong("a name, quoted by backticks if at all")
        if word.kind == "word" and (word.upper in RESERVED or word.written.startswith("_")):
            raise self.wrong("backticks around that name")
        self.place += 1
        return word.value

    def literal(self) -> str:
        """Return the text of a literal."""
        word = self.peek()
        if word is None or word.kind != "text":
            raise self.wrong("a literal in single quotes")
        if "\\" in word.written or "''" in word.written[1:-1]:
            raise self.wrong("a literal without \\ and '', which no page of Athena's says how to write in DDL")
        self.place += 1
        return word.value

    def number(self) -> str:
        """Return a number as it is written."""
        if not self.sees_number():
            raise self.wrong("a number")
        self.place += 1
        return self.words[self.place - 1].written

    def sees_number(self) -> bool:
        """Say whether a number comes next."""
        word = self.peek()
        return word is not None and word.kind == "number"

    def peek(self, ahead: int = 0) -> Token | None:
        """Return a word that is still to be read."""
        place = self.place + ahead
        return self.words[place] if place < len(self.words) else None

    def sees(self, *keywords: str) -> bool:
        """Say whether these come next."""
        found = self.words[self.place : self.place + len(keywords)]
        return tuple(word.upper for word in found) == keywords

    def took(self, *keywords: str) -> bool:
        """Read these if they come next, and say whether they did."""
        if not self.sees(*keywords):
            return False
        self.place += len(keywords)
        return True

    def need(self, keyword: str) -> None:
        """Read what has to come next."""
        if not self.took(keyword):
            raise self.wrong(f"'{keyword}'")

    def wrong(self, expecting: str) -> NotAthena:
        """Return the error for the word that comes next."""
        word = self.peek()
        found = f"'{word.written}' at {word.place}" if word else "the end"
        return NotAthena(f"FAILED: ParseException mismatched input {found} expecting {expecting}")

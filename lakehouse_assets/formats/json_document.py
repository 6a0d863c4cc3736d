"""Walk a JSON document of bounded size and yield the elements of one array in it, each with its place in the text.

One element is decoded at a time, so that a page needs the memory of its text and little more. Numbers are kept as
they are written: each is an `orjson.Fragment`, which `orjson.dumps` gives back digit by digit, because money must not
pass through a float. Python's own `json` does the decoding, since it alone tells where a value ends and how a number
was written; its scanner in C takes 20,000 records of 700 bytes in 0.1 s, which is what `orjson.loads` takes for them.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NoReturn

import orjson

from lakehouse_assets.errors import FileUnreadable
from lakehouse_assets.formats.lines import without_bom
from lakehouse_assets.formats.recognition import HEAD_BYTES, no_json

LONGEST_DOCUMENT = 1 << 26
"""How many bytes the longest document that is read has, unpacked. Its text is held as a whole: as many bytes in memory,
or up to four times as many where it is not ASCII, and for a moment twice that."""
DEEPEST = 200
"""How many levels of objects and arrays one value may have; every library used here can read more."""
TOO_DEEP = f"it is nested deeper than {DEEPEST} levels"
BLANKS = re.compile(r"[ \t\n\r]*+")
BRACKETS = re.compile(r'"(?:[^"\\]++|\\.)*+"|(?P<opening>[\[{])|[\]}]', re.DOTALL)


@dataclass(frozen=True)
class Element:
    """Hold one element of the array: where its text starts and stops in the document, and its value."""

    start: int
    stop: int
    value: Any


def document_of(key: str, chunks: Iterable[bytes]) -> str:
    """Return the text of a document, without a byte order mark.

    Raises:
        FileUnreadable: the document is longer than allowed, which is noticed before more of it is taken, or no UTF-8.
    """
    decoder, parts, length, head = codecs.getincrementaldecoder("utf-8")(), [], 0, b""
    try:
        for chunk in without_bom(chunks):
            length, head = length + len(chunk), head or chunk[:HEAD_BYTES]
            if length > LONGEST_DOCUMENT:
                problem = f"it is longer than the {LONGEST_DOCUMENT >> 20} MiB that a JSON document may have"
                raise FileUnreadable(key=key, problem=problem)
            parts.append(decoder.decode(chunk))
        parts.append(decoder.decode(b"", final=True))
    except UnicodeDecodeError as error:
        raise FileUnreadable(key=key, problem=no_json(head, "it is not UTF-8")) from error
    return "".join(parts)


def elements(key: str, text: str, path: tuple[str, ...], decoder: json.JSONDecoder | None = None) -> Iterator[Element]:
    """Yield the elements of the array below a path of names; no name means that the document is the array.

    The whole document is walked, also what is behind the array. What decodes is `DECODER` when None.

    Raises:
        FileUnreadable: the text is no JSON (RFC 8259) or breaks off, has no such array or two, or is nested too deeply.
    """
    try:
        yield from _Walk(text, decoder or DECODER).document(path)
    except json.JSONDecodeError as error:
        problem = f"{error.msg} (line {error.lineno}, column {error.colno})"
        raise FileUnreadable(key=key, problem=no_json(text[:HEAD_BYTES].encode(), problem)) from error
    except _Refused as error:
        raise FileUnreadable(key=key, problem=str(error)) from error
    except RecursionError as error:
        raise FileUnreadable(key=key, problem=TOO_DEEP) from error


class _Refused(Exception):  # noqa: N818 - it says what becomes of the document
    """Say why the document is not what is asked for, in words that go on after the name of the file."""


def _no_constant(name: str) -> NoReturn:
    message = f"it is no JSON document: {name} is no JSON value"
    raise _Refused(message)


DECODER = json.JSONDecoder(parse_float=orjson.Fragment, parse_int=orjson.Fragment, parse_constant=_no_constant)
PLAIN_DECODER = json.JSONDecoder(parse_float=Decimal, parse_constant=_no_constant)
"""Gives numbers that Python can calculate with, exactly."""

Steps = Generator[Element, None, int]
"""A generator that yields elements as they are met, and returns the position behind the value."""


class _Walk:
    """Walk one document; positions count the characters of its text."""

    def __init__(self, text: str, decoder: json.JSONDecoder) -> None:
        self._text, self._decoder = text, decoder

    def document(self, path: tuple[str, ...]) -> Iterator[Element]:
        """Yield the elements of the array below the path.

        Raises:
            JSONDecodeError: the text is no JSON.
            _Refused: there is not exactly one such array, or a value is nested too deeply.
        """
        stop = yield from self._value(self._skip(0), path, 0)
        end = self._skip(stop)
        if end != len(self._text):
            raise json.JSONDecodeError("Extra data", self._text, end)

    def _value(self, at: int, path: tuple[str, ...], level: int) -> Steps:
        """Walk the value that the first `level` names of the path lead to."""
        if self._is(at, "{") and level < len(path):
            return (yield from self._members(at, path, level))
        if self._is(at, "[") and level == len(path):
            return (yield from self._elements(at))
        self._decoded(at)  # what is no value at all is refused as such
        raise _no_array(path)

    def _members(self, at: int, path: tuple[str, ...], level: int) -> Steps:
        """Walk an object: the member that the path leads to, and past all others."""
        at, goes_on = self._into(at, "}")
        found = False
        while goes_on:
            name, at = self._name(at)
            if name != path[level]:
                _, stop = self._decoded(at)
            elif found:
                message = f"it names `{'.'.join(path[: level + 1])}` twice"
                raise _Refused(message)
            else:
                found = True
                stop = yield from self._value(at, path, level + 1)
            at, goes_on = self._past(stop, "}")
        if not found:
            raise _no_array(path)
        return at

    def _elements(self, at: int) -> Steps:
        """Walk the array itself and yield its elements."""
        at, goes_on = self._into(at, "]")
        while goes_on:
            value, stop = self._decoded(at)
            yield Element(at, stop, value)
            at, goes_on = self._past(stop, "]")
        return at

    def _name(self, at: int) -> tuple[str, int]:
        """Return the name of a member, and the position of its value."""
        if not self._is(at, '"'):
            raise json.JSONDecodeError("Expecting a name in double quotes", self._text, at)
        name, stop = DECODER.raw_decode(self._text, at)
        colon = self._skip(stop)
        if not self._is(colon, ":"):
            raise json.JSONDecodeError("Expecting ':'", self._text, colon)
        return name, self._skip(colon + 1)

    def _decoded(self, at: int) -> tuple[Any, int]:
        """Decode the value that starts at a position; return it and the position behind it."""
        value, stop = self._decoder.raw_decode(self._text, at)
        # Counting all brackets is fast, and mostly shows that the value cannot be deep.
        brackets = self._text.count("[", at, stop) + self._text.count("{", at, stop)
        if brackets > DEEPEST and _depth(self._text[at:stop]) > DEEPEST:
            raise _Refused(TOO_DEEP)
        return value, stop

    def _into(self, at: int, closing: str) -> tuple[int, bool]:
        """Return the position of the first item behind an opening bracket, and whether there is one."""
        at = self._skip(at + 1)
        return (at + 1, False) if self._is(at, closing) else (at, True)

    def _past(self, at: int, closing: str) -> tuple[int, bool]:
        """Return the position of the item after this one and True, or the position behind the bracket and False."""
        at = self._skip(at)
        if self._is(at, closing):
            return at + 1, False
        if not self._is(at, ","):
            raise json.JSONDecodeError(f"Expecting ',' or '{closing}'", self._text, at)
        return self._skip(at + 1), True

    def _is(self, at: int, character: str) -> bool:
        return self._text.startswith(character, at)

    def _skip(self, at: int) -> int:
        blanks = BLANKS.match(self._text, at)
        return blanks.end() if blanks else at


def _no_array(path: tuple[str, ...]) -> _Refused:
    return _Refused(f"it has no array `{'.'.join(path)}`" if path else "its document is no array")


def _depth(text: str) -> int:
    """Count the brackets that are open at once, at most.

    >>> _depth('{"a": [1, "[[["], "b": {}}')
    2
    """
    depth = deepest = 0
    for found in BRACKETS.finditer(text):
        if found["opening"]:
            depth += 1
            deepest = max(deepest, depth)
        elif found[0] in "]}":
            depth -= 1
    return deepest

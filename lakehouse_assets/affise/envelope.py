"""Read answers: JSON with every digit of its numbers, whether an answer is good, its records and its pagination.

Pure. Numbers that a float could change are kept as they are written (`orjson.Fragment`, which `orjson.dumps` gives
back digit by digit), since money must not pass through a float; whole numbers of up to 18 digits are exact as `int`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NoReturn

import orjson

from lakehouse_assets.affise.endpoints import Endpoint

Verdict = Literal["good", "again", "key", "refused"]

WHOLE_DIGITS = 18
GOOD, ERROR = 1, 2
"""Hold the two values of `status` that are known."""
OK, REDIRECTS, BAD_REQUEST, UNAUTHORIZED, SERVER_ERROR = 200, 300, 400, 401, 500
TRY_LATER = frozenset({408, 425, 429})
"""Holds the statuses below 500 that say that the same request may succeed later (RFC 9110, 8470, 6585)."""
KEY_WORDS = ("token is necessary",)
REFUSING_WORDS = ("denied", "permission", "not found", "invalid", "required", "wrong", "incorrect", "bad request")
"""Hold what an error with status 200 says when another try is of no use: no machine-readable code exists."""


class NoJsonError(ValueError):
    """Say that a body is no JSON, or breaks off."""


def parsed(body: bytes) -> Any:  # noqa: ANN401 - any JSON value
    """Return the value of a JSON body.

    Raises:
        NoJsonError: it is none (RFC 8259), which a body that was cut off looks like too.
    """
    try:
        return DECODER.decode(body.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise NoJsonError(f"{len(body):,} bytes that are no JSON") from error


def _whole(text: str) -> int | orjson.Fragment:
    return int(text) if len(text) <= WHOLE_DIGITS and text != "-0" else orjson.Fragment(text)


def _no_constant(name: str) -> NoReturn:
    message = f"{name} is no JSON value"
    raise ValueError(message)


DECODER = json.JSONDecoder(parse_float=orjson.Fragment, parse_int=_whole, parse_constant=_no_constant)


def whole(value: object) -> int | None:
    """Return a value that is a whole number, also as text; None for anything else.

    >>> whole(5), whole("5"), whole(True), whole(None), whole("x")
    (5, 5, None, None, None)
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value[:WHOLE_DIGITS])
    return value if isinstance(value, int) else None


def judged(endpoint: Endpoint, status: int, data: object) -> tuple[Verdict, str]:
    """Say what becomes of an answer, and why.

    Args:
        endpoint: the one that was asked.
        status: of HTTP.
        data: value of the body; None when it is no JSON.
    """
    if status == UNAUTHORIZED:
        return "key", _problem(data, "status 401")
    if status in TRY_LATER or status >= SERVER_ERROR:
        return "again", _problem(data, f"status {status}")
    if REDIRECTS <= status < BAD_REQUEST:
        return "refused", "it redirects, which is not followed, since the key would go there too"
    if status >= BAD_REQUEST:
        return "refused", _problem(data, "no reason is given")
    if data is None:
        return "again", "the body is no whole JSON document"
    return _judged_body(endpoint, data)


def _judged_body(endpoint: Endpoint, data: object) -> tuple[Verdict, str]:
    """Judge an answer with status 200: an error may be in it nevertheless."""
    said = whole(data.get("status")) if isinstance(data, Mapping) else None
    if said == GOOD or (said is None and not endpoint.has_status):
        return "good", ""
    problem = _problem(data, f"its `status` is {'missing' if said is None else said}")
    words = problem.casefold()
    if any(word in words for word in KEY_WORDS):
        return "key", problem
    return ("refused" if any(word in words for word in REFUSING_WORDS) else "again"), problem


def _problem(data: object, otherwise: str) -> str:
    """Return what an error says: some versions of the API say it in `error`, others in `message`."""
    said = [data.get(name) for name in ("error", "message")] if isinstance(data, Mapping) else []
    return next((text for text in said if isinstance(text, str) and text), otherwise)


@dataclass(frozen=True)
class Pagination:
    """Hold what a page says of the list that it is of; None for what it does not say.

    Attributes:
        page: number of the page, from 1.
        per_page: how many records a page of this list has, whatever was asked for.
        total_count: how many records the list has.
        next_page: the following page; None at the end, which is told by absent, null, 0 or no larger a number.
    """

    page: int | None = None
    per_page: int | None = None
    total_count: int | None = None
    next_page: int | None = None


def pagination(data: object, asked: int) -> Pagination:
    """Return the pagination of an answer to the request for page `asked`."""
    told = data.get("pagination") if isinstance(data, Mapping) else None
    if not isinstance(told, Mapping):
        return Pagination()
    page, following = whole(told.get("page")), whole(told.get("next_page"))
    is_more = following is not None and following > max(page or 0, asked)
    return Pagination(page, whole(told.get("per_page")), whole(told.get("total_count")), following if is_more else None)


def records(endpoint: Endpoint, data: object) -> list[Any] | None:
    """Return the records of an answer, or None when they are not where they should be.

    An object of values, such as rates by currency, becomes a list of `{"name": …, "value": …}`.
    """
    found = data if isinstance(data, list) else data.get(endpoint.records) if isinstance(data, Mapping) else None
    if isinstance(found, Mapping):
        return [{"name": name, "value": value} for name, value in found.items()]
    return found if isinstance(found, list) else None


def identity(endpoint: Endpoint, record: object) -> bytes | None:
    """Return what identifies a record, in few bytes; None for a record that has nothing of the kind."""
    if not isinstance(record, Mapping):
        return None
    values = (record.get(name) for name in endpoint.identity)
    value = next((value for value in values if value is not None and value != ""), None)
    if value is None:
        return None
    try:
        return bytes.fromhex(value) if isinstance(value, str) else orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except ValueError:
        return str(value).encode("utf-8", "surrogatepass")

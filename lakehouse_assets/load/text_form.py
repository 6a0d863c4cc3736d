"""Write values as the text that their type is read from again: the inverse of the casts (`sql/casts.py`)."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import orjson


def text_form(value: Any) -> str | None:  # noqa: ANN401 - any value of a column
    """Return a value of any column as text: None for NULL, text as it stands.

    >>> text_form([Decimal("0.10"), None]), text_form({"on": date(2025, 4, 1), "ok": True})
    ('[0.10,null]', '{"on":"2025-04-01","ok":true}')
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, (list, dict)):
        return _json(value)
    return _single(value)


def _json(value: Any) -> str:  # noqa: ANN401 - any value of a column
    if isinstance(value, list):
        return f"[{','.join(map(_json, value))}]"
    if isinstance(value, dict):
        return "{" + ",".join(f'"{name}":{_json(item)}' for name, item in value.items()) + "}"
    if value is None:
        return "null"
    if isinstance(value, (bool, int, float, Decimal)):
        return _single(value)
    return orjson.dumps(value if isinstance(value, str) else _single(value)).decode()


def _single(value: Any) -> str:  # noqa: ANN401 - any value of a column
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime):
        return f"{value.replace(tzinfo=None).isoformat()}Z"
    return value.isoformat() if isinstance(value, date) else repr(value)

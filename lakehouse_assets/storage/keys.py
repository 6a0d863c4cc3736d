"""Say what a key of a store may be, the same for folders and buckets."""

from __future__ import annotations

from lakehouse_assets.errors import BadRequest


def is_key(key: str) -> bool:
    """Say whether a key is a relative path without `.`, `..` and empty parts.

    >>> is_key("drops/1.csv"), is_key("drops/"), is_key("../x")
    (True, False, False)
    """
    return "\0" not in key and not any(part in {"", ".", ".."} for part in key.split("/"))


def require_key(key: str) -> str:
    """Return the key.

    Raises:
        BadRequest: it is empty or absolute, or leads out of the store.
    """
    if not is_key(key):
        raise BadRequest(message=f"`{key}` is not a key; keys are relative paths without `.`, `..` and empty parts")
    return key

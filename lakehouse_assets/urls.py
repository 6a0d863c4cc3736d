"""Say which URLs can be used, from the URL alone: to which API a key may be sent, and which place in S3 is one."""

from __future__ import annotations

import re
from ipaddress import ip_address
from urllib.parse import urlsplit

S3 = "s3://"
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
# What needs no quoting in a URI, no escaping in a glob, and is spelt alike by every engine.
PREFIX = re.compile(r"[A-Za-z0-9._=-]+(/[A-Za-z0-9._=-]+)*")
NO_BUCKET = "which names no bucket; a place in S3 is written `s3://bucket/prefix`"
ODD_PREFIX = "a prefix consists of letters, digits and `-`, `_`, `.`, `=`, with one `/` between its parts"
WEBHOOK = "https://<host>/<path>, or http:// to this machine only, without a user or a fragment"
ALLOWED = "allowed is https://<host>, or http:// to this machine only, without a path, a user or a query"


def api_url(text: str) -> str:
    """Return the base URL of an API without a slash at its end.

    Raises:
        ValueError: a key that is sent there could be read on its way, or the URL holds more than a host.

    >>> api_url("https://api-acme.affise.com/"), api_url("http://127.0.0.1:8080")
    ('https://api-acme.affise.com', 'http://127.0.0.1:8080')
    """
    parts = urlsplit(text.strip())
    host = parts.hostname or ""
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))
    if not (host and is_safe) or "@" in parts.netloc or parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise ValueError(ALLOWED)
    try:
        port = f":{parts.port}" if parts.port else ""
    except ValueError as error:
        raise ValueError(ALLOWED) from error
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{port}"


def webhook_url(text: str) -> str:
    """Return the URL of a webhook, whose path or query is a secret.

    Raises:
        ValueError: the secret could be read on its way, or the URL is none; the error does not show it.

    >>> webhook_url(" http://localhost:9/hooks/x?y=z ")
    'http://localhost:9/hooks/x?y=z'
    """
    try:
        parts = urlsplit(text.strip())
        host = parts.hostname or ""
        is_usable = parts.port is None or parts.port > 0
    except ValueError as error:
        raise ValueError(f"allowed is {WEBHOOK}") from error
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))
    if not (host and is_safe and is_usable) or "@" in parts.netloc or parts.fragment:
        raise ValueError(f"allowed is {WEBHOOK}")
    return parts.geturl()


def is_s3(place: str) -> bool:
    """Say whether a place is in S3.

    >>> is_s3("s3://bucket/lake"), is_s3("/data/lake")
    (True, False)
    """
    return place.startswith(S3)


def s3_place(uri: str) -> tuple[str, str]:
    """Return bucket and prefix of `s3://bucket/prefix`; slashes at the end do not count.

    Raises:
        ValueError: it has no bucket, or a prefix that not every engine spells alike.

    >>> s3_place("s3://bucket/lake/"), s3_place("s3://bucket")
    (('bucket', 'lake'), ('bucket', ''))
    """
    bucket, _, prefix = uri.removeprefix(S3).partition("/")
    prefix = prefix.rstrip("/")
    if not is_s3(uri) or not BUCKET.fullmatch(bucket):
        raise ValueError(NO_BUCKET)
    if prefix and (not PREFIX.fullmatch(prefix) or {".", ".."} & set(prefix.split("/"))):
        raise ValueError(ODD_PREFIX)
    return bucket, prefix


def is_loopback(host: str) -> bool:
    """Say whether a host is this machine.

    >>> is_loopback("localhost"), is_loopback("::1"), is_loopback("127.0.0.1.example.com")
    (True, True, False)
    """
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False

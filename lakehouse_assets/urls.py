"""Say which base URLs of an API a key may be sent to, from the URL alone."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

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


def is_loopback(host: str) -> bool:
    """Say whether a host is this machine.

    >>> is_loopback("localhost"), is_loopback("::1"), is_loopback("127.0.0.1.example.com")
    (True, True, False)
    """
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False

"""Define how the simulated API refuses a request."""

from __future__ import annotations


class Refused(Exception):  # noqa: N818 - named for what happened
    """A request gets an HTTP status other than 200 and a text."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status, self.text = status, text


NO_KEY = Refused(401, "Token is necessary")
NO_RIGHT = Refused(403, "Auth Denied")
NOT_FOUND = Refused(404, "Resource Not Found")

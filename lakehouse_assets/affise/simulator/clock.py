"""Keep the virtual time of a simulated tenant, which moves when somebody moves it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from lakehouse_assets.errors import BadRequest


class Clock:
    """Hold an instant.

    Args:
        now: where it begins.
    """

    def __init__(self, now: datetime) -> None:
        self._now = now

    @property
    def now(self) -> datetime:
        """Return the instant, in UTC."""
        return self._now

    def set(self, now: datetime) -> None:
        """Move to an instant, which must have a zone; time never goes back.

        Raises:
            BadRequest: it has no zone, or lies in the past.
        """
        if now.tzinfo is None:
            raise BadRequest(message="the clock needs an instant with a zone, such as 2026-03-16T06:30:00+00:00")
        if now < self._now:
            raise BadRequest(message=f"the clock stands at {self._now.isoformat()} and does not go back")
        self._now = now.astimezone(UTC)

    def advance(self, **parts: float) -> None:
        """Move by a while, said as `timedelta` says it: `advance(hours=5)`."""
        self.set(self._now + timedelta(**parts))

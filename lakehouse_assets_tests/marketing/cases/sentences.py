"""What the command says of tenants that it cannot make a report of: a function a switch, with the page's sentence."""

from __future__ import annotations

from dataclasses import dataclass

from lakehouse_assets_tests.operations.conftest import Result

WRONG_KEY = "canary-key-of-nobody"


@dataclass(frozen=True)
class Said:
    """What a run said, and whether there is a report."""

    run: Result
    has_report: bool

    @property
    def error(self) -> str:
        """The sentence in which the run failed, with exit code 1."""
        assert self.run.code == 1
        (line,) = [line for line in self.run.err.splitlines() if line.startswith("error: ")]
        return line


def no_key_401(said: Said) -> None:
    """The secret is read once more; then the run ends with exit code 1 and says which secret needs a valid key."""
    assert not said.has_report
    assert "does not accept the key in the secret `AFFISE_API_KEY` (Token is necessary)" in said.error
    assert WRONG_KEY not in said.run.out + said.run.err


def restricted_key_403(said: Said) -> None:
    """The run ends with exit code 1 and says which method is denied; it is not tried again."""
    assert not said.has_report
    assert "refused `/3.0/admin/partners` with status 403: Auth Denied" in said.error


def redirect_to_https(said: Said) -> None:
    """The redirect is not followed, since the key would go to another host; the run ends with exit code 1."""
    assert not said.has_report
    assert "status 301: it redirects, which is not followed, since the key would go there too" in said.error


def offset_not_constant(said: Said) -> None:
    """The run ends with exit code 1 and says of which slice the times cannot be trusted; nothing of it is used."""
    assert not said.has_report
    assert ": times are not to be trusted as those of UTC or of Europe/Moscow" in said.error


def clicks_gone(said: Said) -> None:
    """The run ends with exit code 1; with `LAKEHOUSE_AFFISE__CLICKS=custom` clicks are counted by `stats/custom`."""
    assert not said.has_report
    assert "refused `/3.0/stats/clicks` with status 404: Resource Not Found" in said.error


def rate_missing(said: Said) -> None:
    """A blocking check (`currency_unknown`) fails, so nothing is exported: no amount is left out or taken at par."""
    assert "check `conversions.currency_unknown` failed" in said.error
    assert not said.has_report


def custom_disagrees(said: Said) -> None:
    """A blocking check of closed days (`closed_days_differ`) fails, so nothing is exported; that of today warns."""
    assert "check `hourly_totals.closed_days_differ` failed: 2 rows" in said.error
    assert not said.has_report


def manager_key(said: Said) -> None:
    """A first run reports what this key sees; one that sees much less than the run before ends with exit code 1."""
    assert "partners" in said.error
    assert said.has_report

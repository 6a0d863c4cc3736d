"""What the command says of tenants that it cannot make a report of: a function a switch, with the page's sentence."""

from __future__ import annotations

from dataclasses import dataclass

from lakehouse_assets_tests.operations.conftest import Result

WRONG_KEY = "canary-key-of-nobody"


@dataclass(frozen=True)
class Said:
    """What a run said, what `checks` said after it, and what became visible to readers of the lake."""

    run: Result
    checks: Result
    gold_rows: int

    @property
    def error(self) -> str:
        """The sentence in which the run failed; it fails with exit code 1, and leaves no row behind."""
        assert (self.run.code, self.gold_rows) == (1, 0)
        (line,) = [line for line in self.run.err.splitlines() if line.startswith("error: ")]
        return line


def no_key_401(said: Said) -> None:
    """The secret is read once more; then the run ends with exit code 1 and says which secret needs a valid key."""
    assert "does not accept the key in the secret `AFFISE_API_KEY` (Token is necessary)" in said.error
    assert WRONG_KEY not in said.run.out + said.run.err


def restricted_key_403(said: Said) -> None:
    """The run ends with exit code 1 and says which method is denied; it is not tried again."""
    assert "refused `/3.0/admin/partners` with status 403: Auth Denied" in said.error


def redirect_to_https(said: Said) -> None:
    """The redirect is not followed, since the key would go to another host; the run ends with exit code 1."""
    assert "status 301: it redirects, which is not followed, since the key would go there too" in said.error


def offset_not_constant(said: Said) -> None:
    """The run ends with exit code 1 and says of which slice the times cannot be trusted; nothing of it is used."""
    assert "`conversions` 2026-03-03: times are not to be trusted as those of UTC or of Europe/Moscow" in said.error


def clicks_gone(said: Said) -> None:
    """The run ends with exit code 1; with `LAKEHOUSE_AFFISE__CLICKS=custom` clicks are counted by `stats/custom`."""
    assert "refused `/3.0/stats/clicks` with status 404: Resource Not Found" in said.error


def rate_missing(said: Said) -> None:
    """A blocking check fails and names the currency, so nothing is exported; no amount is taken one to one."""
    assert said.run.code == 1
    assert "currency" in said.run.out + said.run.err


def custom_disagrees(said: Said) -> None:
    """A check fails for each closed day, with exit code 1 of `lakehouse checks`; today it only warns."""
    assert said.checks.code == 1
    assert "custom" in said.checks.out


def manager_key(said: Said) -> None:
    """Its own affiliates are all that the report has; a key that sees fewer than the run before stops the run."""
    assert "fewer" in said.error

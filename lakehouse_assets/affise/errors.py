"""Define the errors of the Affise client that trying again cannot help; the transient ones are in the common tree.

What an answer says goes through `session.Api.shown` first, so no error holds a key, an e-mail address or an IP.
"""

from __future__ import annotations

from lakehouse_assets.errors import BadRequest, Terminal


class SecretMissing(BadRequest):
    """A secret is asked for that nobody has set."""

    sentence = "the secret `{name}` ({purpose}) is {place}"


class SecretUnfit(BadRequest):
    """A secret is set to something that cannot be one; it is not shown."""

    sentence = "the secret `{name}` ({purpose}) cannot be used: {problem}"


class KeyRefused(Terminal):
    """The API does not know the key, also after the secret was read again."""

    sentence = "{api} does not accept the key in the secret `{name}` ({problem}); put a valid key there"


class ApiRefused(Terminal):
    """The API understood a request and refuses it, so the same request will be refused again."""

    sentence = "{api} refused `{path}` with status {status}: {problem}"


class AnswerInvalid(Terminal):
    """An answer is JSON, but not what the endpoint is known to answer."""

    sentence = "{api} answered `{path}` in a way that is not understood: {problem}"


class PagingBroken(Terminal):
    """The pages of a list lead in a circle or never end."""

    sentence = "the pages of `{path}` have no end: {problem}"


class BudgetSpent(Terminal):
    """A run has used up the requests that it may make."""

    sentence = (
        "the run has made {requests:,} requests to {api}, as many as it may; slices that are complete are kept. "
        "Raise LAKEHOUSE_AFFISE__REQUESTS if that is too few, and run again"
    )


class ZoneOffset(Terminal):
    """Times in answers have no constant offset from the times in their ids, so no day can be trusted."""

    sentence = (
        "`{endpoint}` {slice}: times are not to be trusted as those of UTC or of {zone}: {problem}; nothing of it is "
        "used. Look with `lakehouse affise probe`, and set LAKEHOUSE_ZONES__MARKETING to the account's zone"
    )


class PageDamaged(Terminal):
    """A page that a manifest names is not the one that was written."""

    sentence = "the page `{key}` in bronze is not the one that was pulled; pull its slice again"


class RightsLost(Terminal):
    """The key of the API may see less than it did, so what is not answered cannot be told from what is gone."""

    sentence = (
        "the key in the secret `{name}` sees less of {api} than it did: {problem}; nothing was changed. "
        "Look with `lakehouse affise probe`, and give the key its rights back"
    )


class ListShrunk(Terminal):
    """More of a list is gone at once than is likely."""

    sentence = (
        "{gone:,} of {known:,} {endpoint} are gone from {api} since {before:%Y-%m-%d %H:%M} UTC, more than {most:.0%}; "
        "nothing was changed. The key may see less than it did (`lakehouse affise probe`); if they really are gone, "
        "run once with LAKEHOUSE_AFFISE__MOST_GONE=1"
    )

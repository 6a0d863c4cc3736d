"""Make the states between the graph's steps: what the load left, and how Athena comes to know the tables."""

from __future__ import annotations

from stepfunctions import calls
from stepfunctions.builder import Block, Exits, MachineContext, branch, ends
from stepfunctions.calls import Transitions
from stepfunctions.jsonata import INPUT, expression, quoted
from stepfunctions.states import Catch, Choice, Map, Pass, Rule, Wait

QUERY_SECONDS = 600
POLL_SECONDS = 15


def declare_tables(about: MachineContext, place: Exits) -> Block:
    """Run the CREATE statements of tables that the catalog lacks or whose contract changed, then remember them.

    This comes after the load, since Athena registers a Delta table only where there is one. A function answers as many
    statements as a state can carry, and the next ones when those were run, until there are none.
    """
    first, more, each, last = "DeclareTables", "AllDeclared", "RunDeclarations", "RememberDeclarations"
    one, catalog = "RunDeclaration", {"catalog": about.options.catalog}
    ways = Transitions(ends(one).after, Catch(ends(one).failed), QUERY_SECONDS, patience_seconds=about.patience_seconds)
    run = Block(one, {one: calls.query(INPUT, ways, {"done": True})})
    due = {name: expression(f"$states.result.Payload.{name}") for name in ("statements", "hashes")}
    hashes, statements = {"declared": expression("$states.input.hashes")}, "$states.input.statements"
    return Block(
        first,
        {
            first: calls.function("DeclareTables", catalog, about.ways(more, place.failed), due),
            more: Choice((Rule(expression(f"$count({statements}) = 0"), place.after),), default=each),
            each: Map(expression(statements), branch(about, one, run), last, place.failed, INPUT),
            last: calls.function("DeclareTables", catalog | hashes, about.ways(more, place.failed), due),
        },
    )


def crawl(about: MachineContext, place: Exits) -> Block:
    """Run the crawler to its end, which is bounded; a crawl that has not succeeded fails the run."""
    start, wait, look = "RunGlueCrawler", "WaitForCrawler", "GetCrawlerStatus"
    check, handle = "CheckCrawlerStatus", "HandleCrawlerFailure"
    polls, state = about.options.crawl_seconds // POLL_SECONDS, "$states.input.state"
    return Block(
        start,
        {
            start: calls.crawler(about.ways(wait, place.failed)),
            wait: Wait(POLL_SECONDS, look),
            look: calls.crawler_state(about.ways(check, place.failed), _crawler_found()),
            check: Choice(
                (
                    Rule(expression(f'{state} = "READY" and $states.input.status = "SUCCEEDED"'), place.after),
                    Rule(expression(f'{state} = "READY" or $states.input.polls >= {polls}'), handle),
                ),
                default=wait,
            ),
            handle: Pass(place.failed, _crawl_failed(handle, about.options.crawl_seconds)),
        },
    )


def _crawler_found() -> dict[str, str]:
    """Return JSONata for what the crawler does, and what became of its last crawl."""
    crawler, last = "$states.result.Crawler", "$states.result.Crawler.LastCrawl"
    return {
        "state": expression(f"{crawler}.State"),
        "status": expression(f'$exists({last}.Status) ? {last}.Status : "none"'),
        "why": expression(f'$exists({last}.ErrorMessage) ? {last}.ErrorMessage : "it gave no reason"'),
        "polls": expression("$states.input.polls + 1"),
    }


def _crawl_failed(name: str, seconds: int) -> dict[str, str]:
    """Return JSONata for the failure of a crawl: it ended badly, or not in time."""
    late = quoted(f"the crawler is not done after {seconds} seconds")
    ended = '"the crawl ended as " & $states.input.status & ": " & $states.input.why'
    cause = f'$states.input.state = "READY" ? {ended} : {late}'
    return {"State": name, "Error": "CrawlFailed", "Cause": expression(cause)}


def load_outcome(about: MachineContext, place: Exits) -> Block:
    """Read what the load left for later steps: where refused files are listed, for the archive."""
    name = "LoadOutcome"
    known = {"refused": expression("$states.result.Payload.refused")}
    job = {"job": expression("$exists($states.input.job) ? $states.input.job : null")}
    return Block(
        name, {name: calls.function(name, job, about.ways(place.after, place.failed), {"done": True}, **known)}
    )

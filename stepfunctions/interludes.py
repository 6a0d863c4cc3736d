"""Make the states between the graph's steps: they tell Athena of the tables, and people of the load's outcome."""

from __future__ import annotations

from stepfunctions import calls
from stepfunctions.builder import Block, Exits, MachineContext, branch, ends
from stepfunctions.calls import Transitions
from stepfunctions.jsonata import ANSWER, INPUT, expression, quoted
from stepfunctions.states import Catch, Choice, Map, Rule

QUERY_SECONDS = 600


def declare_tables(about: MachineContext, place: Exits) -> Block:
    """Run the CREATE statements of tables whose contract changed since they were run last, then remember them.

    This comes after the load, since Athena registers a Delta table only where there is one.
    """
    first, each, last = "declare tables", "run declarations", "remember declarations"
    request = {"pipeline": about.pipeline, "lake": expression("$lake")}
    hashes = {"declared": expression("$states.input.hashes")}
    one = "declare table"
    run = Block(one, {one: calls.query(INPUT, Transitions(ends(one).after, Catch(ends(one).failed), QUERY_SECONDS))})
    return Block(
        first,
        {
            first: calls.function("DeclareTables", request, Transitions(each, Catch(place.failed))),
            each: Map(
                expression("$states.input.statements"), branch(about, one, run), last, Catch(place.failed), INPUT
            ),
            last: calls.function("DeclareTables", request | hashes, Transitions(place.after, Catch(place.failed))),
        },
    )


def load_outcome(about: MachineContext, place: Exits) -> Block:
    """Read the load's outcome: set where refused files are listed, for the archive, and send the load's warnings."""
    name, warned, warn = "load outcome", "load warned?", "warn load"
    request = {"pipeline": about.pipeline, "lake": expression("$lake"), "run_id": expression("$run_id")}
    known = {fact: expression(f"$states.result.Payload.{fact}") for fact in ("refused", "refusals")}
    ways, told = Transitions(warned, Catch(place.failed)), Transitions(place.after, Catch(place.after))
    subject, lines = f"{about.pipeline}: checks warn", "$states.input.warnings"
    return Block(
        name,
        {
            name: calls.function("LoadOutcome", request, ways, ANSWER, **known),
            warned: Choice((Rule(expression(f'{lines} != ""'), warn),), default=place.after),
            warn: calls.message(about.pipeline, "checks_failed", subject, lines, told),
        },
    )


def refused_files(about: MachineContext, place: Exits) -> Block:
    """Tell people of refused files once they are put apart; a failed run leaves them in landing and tells nothing."""
    name, tell = "files refused?", "tell refused files"
    body = f"$refusals & {quoted(chr(10) * 2 + 'Refused files go to quarantine/ in the lake.')}"
    told = Transitions(place.after, Catch(place.after))
    return Block(
        name,
        {
            name: Choice((Rule(expression('$refusals != ""'), tell),), default=place.after),
            tell: calls.message(about.pipeline, "file_unreadable", f"{about.pipeline}: files refused", body, told),
        },
    )

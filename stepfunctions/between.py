"""What a machine does between the steps of the graph: tell Athena of the tables, and read the outcome of the load."""

from __future__ import annotations

from stepfunctions import calls
from stepfunctions.block import About, Block, Place, branch, ends
from stepfunctions.calls import Ways
from stepfunctions.jsonata import ANSWER, INPUT, expression
from stepfunctions.states import Catch, Map

QUERY_SECONDS = 600


def declare_tables(about: About, place: Place) -> Block:
    """Run the CREATE statements of tables whose contract changed since they were run last, then remember them.

    After the load, since Athena registers a Delta table only where there is one.
    """
    first, each, last = "declare tables", "run declarations", "remember declarations"
    request = {"pipeline": about.pipeline, "lake": expression("$lake")}
    hashes = {"declared": expression("$states.input.hashes")}
    one = "declare table"
    run = Block(one, {one: calls.query(INPUT, Ways(ends(one).after, Catch(ends(one).failed), QUERY_SECONDS))})
    return Block(
        first,
        {
            first: calls.function("DeclareTables", request, Ways(each, Catch(place.failed))),
            each: Map(
                expression("$states.input.statements"), branch(about, one, run), last, Catch(place.failed), INPUT
            ),
            last: calls.function("DeclareTables", request | hashes, Ways(place.after, Catch(place.failed))),
        },
    )


def load_outcome(about: About, place: Place) -> Block:
    """What later steps must know of the load: the files it refused, which the archive puts apart."""
    name = "load outcome"
    request = {"pipeline": about.pipeline, "lake": expression("$lake"), "run_id": expression("$run_id")}
    refused = expression("$states.result.Payload.refused")
    ways = Ways(place.after, Catch(place.failed))
    return Block(name, {name: calls.function("LoadOutcome", request, ways, ANSWER, refused=refused)})

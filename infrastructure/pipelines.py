"""Ask the graph what a deployment has to know of each pipeline: where it lands, its zone, its databases."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True)
class Place:
    """Hold where a pipeline's files land and its zone, as a template says them.

    Attributes:
        landing: URI, with names in `${...}`.
        zone: a time zone, or a name in `${...}`.
        lands: whether files are dropped there by others.
    """

    landing: str
    zone: str
    lands: bool


@lru_cache
def places() -> dict[str, Place]:
    """Return the place of every pipeline by name.

    What others drop lies in a bucket of its own, whose events wake the machine; what a pipeline pulls lies in the lake.
    """
    from lakehouse_assets.contracts.packages import pipelines
    from lakehouse_assets.pipelines import pipeline_of

    found = {name: pipeline_of(name) for name in pipelines()}
    return {
        name: Place(
            "s3://${LandingBucket}/land-folder/Data" if one.lands else f"s3://${{LakeBucket}}/{one.landing}",
            one.zone or "${SourceTimezone}",
            one.lands,
        )
        for name, one in found.items()
    }


@lru_cache
def databases(*layers: str, pipeline: str | None = None) -> tuple[str, ...]:
    """Return the databases of the tables of some layers, or of all that are tables, of one pipeline or of all."""
    from lakehouse_assets.contracts import contracts
    from lakehouse_assets.contracts.packages import pipelines

    wanted = layers or ("silver", "gold", "control", "reference")
    named = [pipeline] if pipeline else pipelines()
    tables = [contract for name in named for contract in contracts(name).values()]
    return tuple(sorted({table.database for table in tables if table.layer in wanted}))

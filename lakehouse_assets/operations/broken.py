"""Tell people, beside what a command does for sound tables, which contracts and gold models are broken."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lakehouse_assets.errors import LakehouseError
from lakehouse_assets.operations import terminal


def tell_broken(pipelines: Iterable[str]) -> bool:
    """Complain on stderr of each broken contract and gold model of these pipelines, and say whether there is one."""
    sentences = [sentence for pipeline in pipelines for sentence in _broken(pipeline)]
    for sentence in sentences:
        terminal.complain(f"{sentence}; `lakehouse contracts check` tells more")
    return bool(sentences)


def broken_models(pipeline: str) -> dict[str, LakehouseError]:
    """Return why gold tables of a pipeline cannot be built, by `gold.name`; broken contracts are among them."""
    from lakehouse_assets.contracts import contracts
    from lakehouse_assets.contracts.layers import model_sql
    from lakehouse_assets.sql.usable import usable_models

    return dict(usable_models(contracts(pipeline), lambda gold: model_sql(pipeline, gold.name)).broken)


def _broken(pipeline: str) -> Iterator[str]:
    """Yield what is wrong, a sentence for each; what only follows from another broken table is not said in full."""
    from lakehouse_assets.contracts import contracts

    known = contracts(pipeline).broken
    yield from map(str, known.values())
    for name, error in broken_models(pipeline).items():
        if name not in known:
            needs = error.facts.get("needs")
            yield f"contract `{name}`: its SELECT reads `{needs}`, which is broken" if needs else str(error)

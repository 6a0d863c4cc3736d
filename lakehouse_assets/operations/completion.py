"""Complete words of the command line: commands and options by Typer, pipelines, tables and codes from contracts.

A shell asks at each press of Tab, so a lake is not opened; what cannot be read is completed as nothing, without a word.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Annotated, Literal

import typer

Shell = Literal["bash", "zsh", "fish"]


def _install(context: typer.Context, param: typer.CallbackParam, value: str | None) -> str | None:
    from typer.completion import install_callback

    found: str | None = install_callback(context, param, value)
    return found


def _show(context: typer.Context, param: typer.CallbackParam, value: str | None) -> str | None:
    from typer.completion import show_callback

    found: str | None = show_callback(context, param, value)
    return found


InstallOption = Annotated[
    Shell | None,
    typer.Option("--install-completion", callback=_install, help="Let this shell complete words; then end."),
]
ShowOption = Annotated[
    Shell | None,
    typer.Option("--show-completion", callback=_show, help="Print what completes words in this shell; then end."),
]


def pipelines(incomplete: str) -> list[str]:
    """Return the pipelines whose names begin so."""
    from lakehouse_assets.contracts.packages import pipelines

    with suppress(Exception):
        return _begun(incomplete, pipelines())
    return []


def tables(incomplete: str) -> list[str]:
    """Return the silver and gold tables whose names begin so: bare, or as `layer/name` once that is begun."""
    return _begun(incomplete, (name for layer, name in _tables() for name in _written(layer, name, incomplete)))


def models(incomplete: str) -> list[str]:
    """Return the gold tables whose names begin so, as `gold/name`."""
    return _begun(incomplete, (f"{layer}/{name}" for layer, name in _tables() if layer == "gold"))


def codes(incomplete: str) -> list[str]:
    """Return the rule codes that begin so."""
    return _begun(incomplete, sorted(set(_codes())))


def _tables() -> list[tuple[str, str]]:
    from lakehouse_assets.contracts import contracts
    from lakehouse_assets.contracts.packages import pipelines

    with suppress(Exception):
        known = [contract for pipeline in pipelines() for contract in contracts(pipeline).values()]
        return sorted((one.layer, one.name) for one in known if one.layer in {"silver", "gold"})
    return []


def _codes() -> Iterator[str]:
    from lakehouse_assets.contracts import contracts
    from lakehouse_assets.contracts.packages import pipelines

    with suppress(Exception):
        for pipeline in pipelines():
            for contract in contracts(pipeline).values():
                yield from (rule.code for rule in contract.rules_of("reader", "row", "reference"))


def _written(layer: str, name: str, incomplete: str) -> tuple[str, ...]:
    return (f"{layer}/{name}",) if incomplete.startswith(f"{layer}/") else (name,)


def _begun(incomplete: str, names: Iterable[str]) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]

"""Tell people, beside what a command does for sound tables, which contracts are broken."""

from __future__ import annotations

from collections.abc import Iterable

from lakehouse_assets.operations import terminal


def tell_broken(pipelines: Iterable[str]) -> bool:
    """Complain on stderr of each broken contract of these pipelines, and say whether there is one."""
    from lakehouse_assets.contracts import contracts

    errors = [error for pipeline in pipelines for error in contracts(pipeline).broken.values()]
    for error in errors:
        terminal.complain(f"{error}; `lakehouse contracts check` tells more")
    return bool(errors)

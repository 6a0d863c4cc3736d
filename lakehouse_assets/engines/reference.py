"""Keep reference tables as Delta tables, each replaced whole in one commit, which notes the seed it was made of.

These tables are small and written by delta-rs on either engine, so that each has one writer.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING

from lakehouse_assets.contracts.references import Seed
from lakehouse_assets.engines import delta
from lakehouse_assets.engines.delta_commit import commit_to
from lakehouse_assets.engines.delta_log import commits
from lakehouse_assets.engines.protocol import Commit, Guard
from lakehouse_assets.storage.lake import Lake

if TYPE_CHECKING:
    import pyarrow as pa
    from deltalake import DeltaTable

NOTE = "lakehouse.seed"
"""Key in a commit's metadata under which the commit notes the fingerprint of the seed that it brought."""


def is_current(seed: Seed, table: DeltaTable | None) -> bool:
    """Say whether the table holds what the seed says: the newest commit that notes a seed notes this one."""
    return noted(table) == seed.fingerprint


def noted(table: DeltaTable | None) -> str | None:
    """Return the fingerprint of the seed that the newest commit with a note has brought; None without any.

    Commits without a note, such as a compaction, leave the rows as they are.
    """
    told = commits(table) if table else iter(())
    found: str | None = next((c[NOTE] for c in told if NOTE in c), None)
    return found


def outdated(seeds: Iterable[Seed], lake: Lake) -> tuple[str, ...]:
    """Return the names of the reference tables whose table is not there, or holds something else than the seed."""
    return tuple(seed.contract.name for seed in seeds if not is_current(seed, lake.find_delta(seed.contract)))


def replace(seed: Seed, lake: Lake, table: DeltaTable | None, rows: pa.Table, guard: Guard) -> Commit:
    """Put the rows in place of all that the table holds, columns included, in one commit that does not rebase.

    Args:
        seed: the seed that the rows come from.
        lake: the lake that the table is in.
        table: the version that was looked at; None when there was none.
        rows: in the columns of the contract.
        guard: see `protocol.Guard`.

    Raises:
        CommitConflict, FenceLost, ProtocolRaised: see `Engine.merge`.
    """
    from deltalake import write_deltalake

    contract = seed.contract
    target = table or delta.ensure(contract, lake)
    before, count = delta.data_files(target), delta.rows_in(target)
    guard()
    overwrite = partial(write_deltalake, target, rows, mode="overwrite", schema_mode="overwrite")
    commit_to(contract.name, target, lambda own: overwrite(commit_properties=own), {NOTE: seed.fingerprint})
    delta.check_protocol(target, contract.name)
    return delta.measured(target, before, count)

"""Define `lakehouse cost`, which says what runs on AWS cost, by run, table and check."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from lakehouse_assets.operations import completion, terminal
from lakehouse_assets.operations.options import LakeOption, pipelines_of, reading
from lakehouse_assets.operations.sql import parse_moment

if TYPE_CHECKING:
    from lakehouse_assets.compute.spending import Spending
    from lakehouse_assets.storage.objects import ObjectStore
    from lakehouse_assets.storage.records import Tell

Format = Literal["table", "json"]
SMALL = 0.01
USED = {
    "dpu_seconds": "Glue: DPU-seconds",
    "flex_dpu_seconds": "Glue, Flex: DPU-seconds",
    "scanned_bytes": "Athena: bytes scanned",
    "gb_seconds": "Lambda: GB-seconds",
    "requests": "Lambda: calls",
    "transitions": "Step Functions: transitions",
}
"""Says in words what each unit is."""
NOTE = "List prices of {day} in US dollars, without discounts, taxes, free tiers, storage and requests of S3."


def cost(
    pipeline: Annotated[
        str | None,
        typer.Argument(
            metavar="[PIPELINE]", autocompletion=completion.pipelines, help="Only the runs of this pipeline."
        ),
    ] = None,
    *,
    since: Annotated[
        str | None, typer.Option(metavar="DATE", help="Only runs that ended since then, in UTC (default: all).")
    ] = None,
    format: Annotated[Format, typer.Option(help="How the answer is printed.")] = "table",  # noqa: A002 - the option's name
    lake: LakeOption = None,
) -> None:
    """Say what runs cost: the latest ones, and totals by table, by check and by what was used.

    Runs on AWS are metered, whoever started them: capacity of Glue, bytes that Athena scanned, functions, transitions
    of machines. Runs on this machine cost nothing and are counted apart. Exit code 1 when the record of a run cannot be
    read, since the sums lack it.

    Examples:
        lakehouse cost

        lakehouse cost PIPELINE --since 2026-11-01
    """
    from lakehouse_assets.compute.spending import spending
    from lakehouse_assets.storage.lake import lake_of
    from lakehouse_assets.storage.records import PassedOver

    first = None if since is None else parse_moment(since, "--since")
    store = lake_of(reading(lake)).store
    passed_over = PassedOver()
    found = spending(_entries(store, pipelines_of(pipeline, lake), first, passed_over))
    if format == "json":
        import orjson

        terminal.data(orjson.dumps(found.to_dict(), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode())
    else:
        _show(found)
    if passed_over.errors:
        terminal.complain(f"{passed_over.sentence}, so the sums lack what it cost")
        raise typer.Exit(1)


def _entries(
    store: ObjectStore, names: tuple[str, ...], first: datetime | None, tell: Tell
) -> Iterator[dict[str, Any]]:
    from lakehouse_assets.compute.recording import entries

    for name in names:
        yield from (entry for _, entry in entries(store, name, first, tell))


def _show(found: Spending) -> None:
    from lakehouse_assets.compute.prices import READ_ON

    if not found.runs:
        terminal.say(f"No run was metered; {found.unmetered} ran on this machine, which costs nothing.")
        return
    latest = reversed(found.latest)
    rows = [(r.ended_at[:19].replace("T", " "), r.run_id, r.status, r.runtime, _usd(r.usd)) for r in latest]
    terminal.table(("ended (UTC)", "run", "status", "by", "USD"), rows, right=("USD",))
    tables = sorted(found.tables.items(), key=lambda item: -item[1])
    terminal.table(("table", "USD"), [(name, _usd(usd)) for name, usd in tables], right=("USD",))
    checks = sorted(found.checks.items(), key=lambda item: -item[1])
    if checks:
        asked = [(table, check, _usd(usd)) for (table, check), usd in checks]
        terminal.table(("table", "check", "USD"), asked, right=("USD",))
    used = [(USED[unit], f"{amount:,.0f}") for unit, amount in sorted(found.units.items())]
    terminal.table(("used", "amount"), used, right=("amount",))
    terminal.say(f"{found.runs} metered run{'' if found.runs == 1 else 's'}: {_usd(found.usd)} USD")
    terminal.say(NOTE.format(day=READ_ON))


def _usd(amount: float) -> str:
    """Return an amount with as many digits as small costs need.

    >>> _usd(12.0308), _usd(0.0000477)
    ('12.0308', '0.000048')
    """
    return f"{amount:,.4f}" if amount >= SMALL else f"{amount:.6f}"

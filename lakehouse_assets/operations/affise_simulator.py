"""Define `lakehouse affise-simulator`, which serves a simulated Affise tenant on this machine until it is ended."""

from __future__ import annotations

import sys
from datetime import datetime
from threading import Event
from typing import TYPE_CHECKING, Annotated

import typer

from lakehouse_assets import interruption
from lakehouse_assets.operations import terminal

if TYPE_CHECKING:
    from lakehouse_assets.affise.simulator.spec import SimulatorSpec

END_SECONDS = 5.0
DAYS, ROWS = 14, 1000
START = "2026-03-02"

FaultOption = Annotated[
    list[str] | None,
    typer.Option(
        "--fault",
        metavar="NAME",
        help="A switch that is on, with options if need be: `server-error:skip=3,times=2`; may be given again.",
    ),
]


def affise_simulator(  # noqa: PLR0913 - one parameter per option
    *,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on this machine; 0 for any.")] = 8460,
    seed: Annotated[int, typer.Option(help="Equal seeds give equal tenants.")] = 7,
    days: Annotated[int, typer.Option(help="Days of history.")] = DAYS,
    rows_per_day: Annotated[int, typer.Option(help="Clicks of a day.")] = ROWS,
    conversions_per_day: Annotated[
        int | None, typer.Option(help="Clicks of a day that convert, if not one in fifty.", show_default=False)
    ] = None,
    start: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="First day of the history.")] = START,  # type: ignore[assignment]
    fault: FaultOption = None,
    key: Annotated[str | None, typer.Option(help="The key that may see everything, if not the fixed one.")] = None,
    list_faults: Annotated[bool, typer.Option("--list-faults", help="Name all switches, and end.")] = False,
) -> None:
    """Serve a simulated Affise tenant, for trials without a real one. Ctrl-C ends it.

    Its clock stands still until it is moved: POST {"hours": 5} to /simulator/clock.

    Examples:
        lakehouse affise-simulator --days 60 --fault offer-deleted --fault server-error:skip=3

        lakehouse affise-simulator --list-faults
    """
    from lakehouse_assets.affise.simulator.spec import KEY, SimulatorSpec

    if list_faults:
        _list_faults()
        return
    spec = SimulatorSpec(
        seed=seed,
        start=start.date(),
        days=days,
        clicks_per_day=rows_per_day,
        conversions_per_day=conversions_per_day,
        faults=tuple(fault or ()),
        key=KEY if key is None else key,
    )
    _serve(spec, port)


def _serve(spec: SimulatorSpec, port: int) -> None:
    from lakehouse_assets.affise.simulator.running import running

    ended = Event()
    with running(spec, port) as simulator, interruption.gracefully(END_SECONDS):
        duty = interruption.Duty(ask=ended.set)
        now = simulator.clock.now.isoformat()
        terminal.say(f"{simulator.url} serves a simulated tenant at {now}, key {simulator.key}; Ctrl-C ends it")
        sys.stdout.flush()
        ended.wait()
        duty.done()


def _list_faults() -> None:
    from lakehouse_assets.affise.simulator.faults import FAULTS

    shown = sorted(FAULTS.values(), key=lambda fault: (not fault.number.isdigit(), fault.number.zfill(3)))
    terminal.table(("no", "name", "kind", "what it does"), [(f.number, f.name, f.kind, f.sentence) for f in shown])

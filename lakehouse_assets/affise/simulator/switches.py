"""Know which switches are on, and on which request or pass each of them fires.

A switch is written with its options as `server-error:skip=3,times=2,endpoint=stats/clicks`: of the requests to that
endpoint the fourth and the fifth get it. Counting makes faults repeatable, so a test can aim at the middle of a slice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from lakehouse_assets.affise.simulator.faults import FAULTS, Kind, known
from lakehouse_assets.errors import BadRequest

FOREVER = 0
OPTIONS = ("skip", "every", "times", "endpoint", "seconds")


@dataclass(frozen=True)
class Switch:
    """Say when a fault fires.

    Attributes:
        name: of the fault.
        skip: how many matching requests, or passes over a list, are left alone first.
        every: of those after them, one in so many gets it.
        times: how often it fires; 0 for always.
        endpoint: part of a path; other requests do not match.
        seconds: how long a slow answer takes.
    """

    name: str
    skip: int = 0
    every: int = 1
    times: int = 1
    endpoint: str = ""
    seconds: int = 3

    def fires(self, count: int) -> bool:
        """Say whether it fires on a matching request, counted from 0."""
        since = count - self.skip
        if since < 0 or since % self.every:
            return False
        return self.times == FOREVER or since // self.every < self.times


def parse(text: str) -> Switch:
    """Read a switch as it is written.

    Raises:
        BadRequest: there is no such fault or option, or a number is none.
    """
    name, _, rest = text.partition(":")
    known(name)
    options: dict[str, str | int] = {}
    for part in filter(None, rest.split(",")):
        option, _, value = part.partition("=")
        if option not in OPTIONS:
            raise BadRequest(message=f"fault `{name}` has no option `{option}`; there are {', '.join(OPTIONS)}")
        if option != "endpoint" and not (value.isdigit() and (option != "every" or int(value))):
            raise BadRequest(message=f"option `{option}` of fault `{name}` must be a number, and is `{value}`")
        options[option] = value if option == "endpoint" else int(value)
    return Switch(name, **options)  # type: ignore[arg-type] # each option has its field's type


class Switchboard:
    """Hold the switches, and count what they have seen.

    Args:
        texts: the switches that are on at the start, those of the world too.
    """

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self._switches = {switch.name: switch for switch in map(parse, texts)}
        self._world = frozenset(name for name in self._switches if FAULTS[name].kind is Kind.WORLD)
        self._seen: Counter[tuple[str, object]] = Counter()
        self._fired: Counter[str] = Counter()

    @property
    def world(self) -> frozenset[str]:
        """Return the switches that are part of the truth."""
        return self._world

    @property
    def on(self) -> frozenset[str]:
        """Return all switches that are on."""
        return frozenset(self._switches)

    def turn_on(self, text: str) -> None:
        """Turn a switch on, or give it other options; it counts from here.

        Raises:
            BadRequest: it is part of the truth, or as `parse`.
        """
        switch = parse(text)
        if FAULTS[switch.name].kind is Kind.WORLD and switch.name not in self._world:
            raise BadRequest(message=f"fault `{switch.name}` is part of the world: name it at the start")
        self._switches[switch.name] = switch
        self._seen = Counter({key: count for key, count in self._seen.items() if key[0] != switch.name})

    def turn_off(self, name: str) -> None:
        """Turn a switch off.

        Raises:
            BadRequest: it is part of the truth, or there is no such fault.
        """
        if known(name).kind is Kind.WORLD:
            raise BadRequest(message=f"fault `{name}` is part of the world and cannot be turned off")
        self._switches.pop(name, None)

    def firing(self, kind: Kind, path: str, counted: object = None) -> list[tuple[Switch, int]]:
        """Count a request, or a pass over a list, and return the switches that fire, with how often they did before.

        Args:
            kind: of the switches to look at.
            path: of the request.
            counted: what is counted by itself, such as one list.
        """
        found = []
        for switch in list(self._switches.values()):
            if FAULTS[switch.name].kind is kind and switch.endpoint in path:
                count = self._seen[switch.name, counted]
                self._seen[switch.name, counted] += 1
                if switch.fires(count):
                    found.append((switch, self._fired[switch.name]))
                    self._fired[switch.name] += 1
        return found

    def fired(self) -> dict[str, int]:
        """Return how often each switch has fired."""
        return dict(self._fired)

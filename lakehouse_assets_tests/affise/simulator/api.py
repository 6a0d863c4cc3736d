"""Ask a running simulator over HTTP, as simply as can be; no code of the product's client."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests

from lakehouse_assets.affise.simulator.running import Simulator, running
from lakehouse_assets.affise.simulator.spec import SimulatorSpec

CONVERSIONS, CLICKS = "/3.0/stats/conversions", "/3.0/stats/clicks"
PARTNERS, ADVERTISERS, OFFERS = "/3.0/admin/partners", "/3.0/admin/advertisers", "/3.0/offers"
DAY = "2026-03-14"
"""A whole day of the default world, two days before its clock."""
Row = dict[str, Any]


class Api:
    """A simulator, and requests to it with its key."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator, self.world, self.clock = simulator, simulator.world, simulator.clock
        self.session = requests.Session()
        self.session.headers["API-Key"] = simulator.key

    def get(self, path: str, **params: Any) -> requests.Response:
        """One request; a list in the parameters is written with brackets."""
        named = {f"{name}[]" if isinstance(value, list) else name: value for name, value in params.items()}
        return self.session.get(self.simulator.url + path, params=named, allow_redirects=False, timeout=30)

    def json(self, path: str, **params: Any) -> Any:
        """The body of one request, which must have succeeded."""
        response = self.get(path, **params)
        assert response.status_code == 200, response.text
        return response.json()

    def pages(self, path: str, **params: Any) -> Iterator[Any]:
        """The bodies of all pages."""
        page: int | None = 1
        while page:
            body = self.json(path, page=page, **params)
            yield body
            page = body["pagination"].get("next_page")

    def rows(self, path: str, **params: Any) -> list[Row]:
        """The records of all pages."""
        bodies = self.pages(path, **{"limit": 500, **params})
        return [row for body in bodies for value in body.values() if isinstance(value, list) for row in value]

    def day(self, path: str, day: str = DAY, **params: Any) -> list[Row]:
        """The facts of one UTC day."""
        return self.rows(path, date_from=day, date_to=day, timezone="UTC", **params)

    def offers(self) -> list[Row]:
        """The offers of all three statuses."""
        return self.rows(OFFERS, status=["active", "stopped", "suspended"])

    def by_id(self, conversion_id: str) -> Row:
        """One conversion in the shape of its own."""
        return dict(self.json("/3.0/stats/conversionsbyid", id=conversion_id)["conversions"][0])

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """What a control answers."""
        return self.session.request(method, f"{self.simulator.url}/simulator{path}", json=body, timeout=30).json()


@contextmanager
def serving(*faults: str, **spec: Any) -> Iterator[Api]:
    """A simulator with these switches on, of 200 conversions a day."""
    wanted = {"conversions_per_day": 200, **spec}
    with running(SimulatorSpec(faults=faults, **wanted)) as simulator:
        yield Api(simulator)


def all_conversions(api: Api) -> list[Row]:
    """The conversions of ten days."""
    return api.rows(CONVERSIONS, date_from="2026-03-05", date_to=DAY, timezone="UTC")

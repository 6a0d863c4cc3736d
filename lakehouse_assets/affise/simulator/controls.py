"""Let tests and demos on this machine move the clock, the switches and the world. No tenant has these methods."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import datetime
from ipaddress import ip_address
from typing import Any

import orjson
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import Route

from lakehouse_assets.affise.simulator.faults import FAULTS
from lakehouse_assets.affise.simulator.tenant import Tenant
from lakehouse_assets.errors import BadRequest

Control = Callable[[Tenant, dict[str, Any]], Any]


def routes(tenant: Tenant) -> list[Route]:
    """Return the controls of a tenant."""
    table: tuple[tuple[str, str, Control], ...] = (
        ("GET", "/clock", _read_clock),
        ("POST", "/clock", _move_clock),
        ("GET", "/faults", _list_faults),
        ("POST", "/faults", _switch_faults),
        ("POST", "/change", _change),
        ("GET", "/log", _read_log),
        ("DELETE", "/log", _clear_log),
        ("GET", "/canaries", _list_canaries),
    )
    return [Route(path, _handler(tenant, control), methods=[verb]) for verb, path, control in table]


def _handler(tenant: Tenant, control: Control) -> Callable[[HttpRequest], Awaitable[Response]]:
    async def handle(request: HttpRequest) -> Response:
        if request.client is None or not ip_address(request.client.host).is_loopback:
            return Response(status_code=403)
        body = await request.body()
        try:
            return Response(
                orjson.dumps(control(tenant, orjson.loads(body) if body else {})), media_type="application/json"
            )
        except (BadRequest, KeyError, TypeError, ValueError) as error:
            return Response(orjson.dumps({"error": str(error)}), 400, media_type="application/json")

    return handle


def _read_clock(tenant: Tenant, asked: dict[str, Any]) -> dict[str, str]:
    del asked
    return {"now": tenant.clock.now.isoformat()}


def _move_clock(tenant: Tenant, asked: dict[str, Any]) -> dict[str, str]:
    """Move to `now`, or by `minutes`, `hours`, `days`."""
    if "now" in asked:
        tenant.clock.set(datetime.fromisoformat(asked["now"]))
    else:
        tenant.clock.advance(**asked)
    return _read_clock(tenant, {})


def _list_faults(tenant: Tenant, asked: dict[str, Any]) -> list[dict[str, Any]]:
    del asked
    on, fired = tenant.switches.on, tenant.switches.fired()
    return [{**asdict(fault), "on": name in on, "fired": fired.get(name, 0)} for name, fault in FAULTS.items()]


def _switch_faults(tenant: Tenant, asked: dict[str, Any]) -> list[dict[str, Any]]:
    """Turn the switches of `off` off, then those of `on` on."""
    for name in asked.get("off", ()):
        tenant.switches.turn_off(name)
    for text in asked.get("on", ()):
        tenant.switches.turn_on(text)
    return _list_faults(tenant, {})


def _change(tenant: Tenant, asked: dict[str, Any]) -> dict[str, Any]:
    """Change `fields` of the thing `key` of a `kind` of dimension, from now on."""
    tenant.world.change(asked["kind"], asked["key"], tenant.clock.now, **asked["fields"])
    return {"at": tenant.clock.now.isoformat()}


def _read_log(tenant: Tenant, asked: dict[str, Any]) -> list[dict[str, Any]]:
    del asked
    return [asdict(one) for one in tenant.log]


def _clear_log(tenant: Tenant, asked: dict[str, Any]) -> dict[str, int]:
    del asked
    count = len(tenant.log)
    tenant.log.clear()
    return {"cleared": count}


def _list_canaries(tenant: Tenant, asked: dict[str, Any]) -> list[str]:
    del asked
    return list(tenant.world.canaries())

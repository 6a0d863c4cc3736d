"""Serve a simulated tenant over HTTP: who may ask what, errors as the API says them, and what breaks on the way."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC
from email.utils import format_datetime
from urllib.parse import parse_qsl

import orjson
from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.types import Receive, Scope, Send

from lakehouse_assets.affise.simulator import controls, endpoints, reports
from lakehouse_assets.affise.simulator.endpoints import Endpoint
from lakehouse_assets.affise.simulator.faults import Kind
from lakehouse_assets.affise.simulator.query import Query
from lakehouse_assets.affise.simulator.refusals import NO_KEY, NO_RIGHT, NOT_FOUND, Refused
from lakehouse_assets.affise.simulator.switches import Switch
from lakehouse_assets.affise.simulator.tenant import Request, Tenant

KEY_NAME = "api-key"
JSON = "application/json"
HTML_502 = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"


@dataclass(frozen=True)
class Method:
    """One method of the API, and whether it is for admins only."""

    path: str
    answer: Endpoint
    is_admin: bool = False
    verb: str = "GET"


METHODS = (
    Method("/3.0/offers", endpoints.list_offers),
    Method("/3.0/admin/partners", endpoints.list_affiliates, is_admin=True),
    Method("/3.0/admin/advertisers", endpoints.list_advertisers, is_admin=True),
    Method("/3.0/stats/conversions", endpoints.list_conversions),
    Method("/3.0/stats/clicks", endpoints.list_clicks, is_admin=True),
    Method("/3.0/stats/conversionsbyid", endpoints.conversion_by_id, is_admin=True),
    Method("/3.0/stats/custom", reports.custom),
    Method("/3.0/stats/caps", reports.caps, is_admin=True),
    Method("/3.0/admin/conversion/edit", reports.edit_conversion, is_admin=True, verb="POST"),
    Method("/3.1/countries", endpoints.list_countries),
    Method("/3.0/admin/currency", endpoints.list_currencies, is_admin=True),
    Method("/3.1/user/me", endpoints.own_user),
)


def application(tenant: Tenant) -> Starlette:
    """Return the server of a tenant, with the controls that only this machine may use."""
    routes = [Route(method.path, _handler(tenant, method), methods=[method.verb]) for method in METHODS]
    return Starlette(
        routes=[
            *routes,
            Route("/healthz", _healthy, methods=["GET", "OPTIONS"]),
            Mount("/simulator", routes=controls.routes(tenant)),
            Route("/{rest:path}", _handler(tenant, None), methods=["GET", "POST", "DELETE"]),
        ]
    )


async def _healthy(request: HttpRequest) -> Response:
    del request
    return Response("OK", media_type="text/plain")


def _handler(tenant: Tenant, method: Method | None) -> Callable[[HttpRequest], Awaitable[Response]]:
    """Return what answers a method; None stands for an address where there is none."""

    async def handle(request: HttpRequest) -> Response:
        body = (await request.body()).decode()
        response = _answered(tenant, method, request, body)
        response.headers["date"] = format_datetime(tenant.clock.now.astimezone(UTC), usegmt=True)
        fired = tenant.switches.firing(Kind.TRANSPORT, request.url.path)
        for switch, before in fired:
            response = await broken(response, switch, before, request)
        tenant.log.append(_seen(request, response.status_code))
        return response

    return handle


def _answered(tenant: Tenant, method: Method | None, request: HttpRequest, body: str) -> Response:
    query = Query([*parse_qsl(request.url.query, keep_blank_values=True), *parse_qsl(body, keep_blank_values=True)])
    try:
        _admit(tenant, method, request)
        if method is None:
            raise NOT_FOUND
        return answer(200, method.answer(tenant, query))
    except Refused as refused:
        return answer(refused.status, {"status": 2, "error": refused.text})


def _admit(tenant: Tenant, method: Method | None, request: HttpRequest) -> None:
    """Refuse a request without a key, or one whose key has no right to the method.

    Raises:
        Refused: it may not.
    """
    given = request.headers.get(KEY_NAME) or _key_of_url(request)
    if given not in tenant.keys:
        raise NO_KEY
    is_restricted = given != tenant.spec.key or "restricted-key-403" in tenant.switches.on
    if method is not None and method.is_admin and is_restricted:
        raise NO_RIGHT


def _key_of_url(request: HttpRequest) -> str | None:
    return next((value for name, value in request.query_params.items() if name.lower() == KEY_NAME), None)


def _seen(request: HttpRequest, status: int) -> Request:
    return Request(
        method=request.method,
        path=request.url.path,
        query=request.url.query,
        status=status,
        key_in_url=_key_of_url(request) is not None,
    )


def answer(status: int, payload: object) -> Response:
    """Return a payload as JSON."""
    return Response(orjson.dumps(payload), status, media_type=JSON)


async def broken(response: Response, switch: Switch, before: int, request: HttpRequest) -> Response:
    """Return what a switch makes of a response; `before` says how often it fired already."""
    if switch.name == "slow-response":
        await asyncio.sleep(switch.seconds)
        return response
    return _BREAKS[switch.name](response, before, request)


def _too_many(response: Response, before: int, request: HttpRequest) -> Response:
    del response, request
    refusal = answer(429, {"status": 2, "error": "Too Many Requests"})
    if before % 2 == 0:
        refusal.headers["Retry-After"] = "1"
    return refusal


def _status_2(response: Response, before: int, request: HttpRequest) -> Response:
    del response, request
    return answer(200, {"status": 2, "message" if before % 2 else "error": "Please try again later"})


def _truncated(response: Response, before: int, request: HttpRequest) -> Response:
    del before, request
    return Response(response.body[: len(response.body) // 2], media_type=JSON)


def _reset(response: Response, before: int, request: HttpRequest) -> Response:
    del before, request
    return Reset(response.body, response.status_code, media_type=JSON)


def _redirected(response: Response, before: int, request: HttpRequest) -> Response:
    del response, before
    moved = request.url.replace(scheme="https", hostname="elsewhere.example.com", port=None)
    return Response(status_code=301, headers={"Location": str(moved)})


def _server_error(response: Response, before: int, request: HttpRequest) -> Response:
    del response, request
    if before % 3 == 1:
        return Response(HTML_502, 502, media_type="text/html")
    status, text = (500, "Server error, Please contact your administrator") if before % 3 == 0 else (503, "Unavailable")
    return answer(status, {"status": 2, "error": text})


_BREAKS: dict[str, Callable[[Response, int, HttpRequest], Response]] = {
    "too-many-requests": _too_many,
    "server-error": _server_error,
    "status-2-in-200": _status_2,
    "truncated-json": _truncated,
    "reset-mid-body": _reset,
    "redirect-to-https": _redirected,
}


class Reset(Response):
    """A response whose connection breaks in the middle of its body."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the head and half of the body, then give up."""
        del scope, receive
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self.body[: len(self.body) // 2], "more_body": True})
        raise ConnectionResetError

"""The web application: from a request to its answer."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, cast

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.routing import Route as HttpRoute

from iop_core.errors import IopError
from iop_director.safe_text import one_line
from iop_server.audit import AuditFile, Deed
from iop_server.authentication import Authentication
from iop_server.call import Call
from iop_server.namespaces import Namespaces
from iop_server.rate_limits import RateLimit, retry_after
from iop_server.refusals import RefusedRequestError, refusal_of
from iop_server.request_parts import parsed, read_body, text_in
from iop_server.routes import ROUTES, Route

if TYPE_CHECKING:
    from starlette.exceptions import HTTPException
    from starlette.requests import Request

    from iop_server.options import ServerOptions
    from iop_server.users import User

BASES = ("/api/iop", "/api/iop/v1")
REASON_HEADER = "X-IoP-Reason"
_DEFAULT_REASON = "asked over REST"
_LONGEST_REASON = 500
_log = logging.getLogger("iop.server")


class Application:
    """Answers requests as the table of routes says.

    Args:
        options: How the server works.
        users: The users; None: everybody is an operator.

    Example:
        >>> application = Application(options, users)  # doctest: +SKIP
        >>> uvicorn.run(application.asgi)  # doctest: +SKIP
    """

    def __init__(self, options: ServerOptions, users: Any) -> None:
        self._options = options
        self._authentication = Authentication(users, clock=options.clock)
        self._rate = RateLimit(options.requests_per_second, burst=options.burst, clock=options.clock)
        self._audit = AuditFile(options.audit_file, clock=options.clock)
        self._namespaces = Namespaces(options.url, options.namespaces, plugins=options.plugins)
        self.asgi = Starlette(
            routes=[
                HttpRoute(options.path_prefix + base + route.path, self._endpoint(route), methods=[route.method])
                for base in BASES
                for route in ROUTES
            ],
            exception_handlers=cast("Any", {404: _http_error, 405: _http_error, 400: _http_error}),
        )

    def _endpoint(self, route: Route) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            try:
                return _answer(200, await self._carry_out(route, request))
            except IopError as exc:
                refusal = refusal_of(exc)
                return refused(refusal)
            except Exception as exc:  # noqa: BLE001 - boundary: what a backend or its store may raise
                return refused(_unexpected(exc, route))

        return endpoint

    async def _carry_out(self, route: Route, request: Request) -> object:
        user = await run_in_threadpool(self._check_user, route, request)
        body: dict[str, object] = {}
        if route.body is not None:
            body = await read_body(request, most_bytes=self._options.most_body_bytes)
        query: dict[str, object] = dict(request.query_params)
        given = parsed(route.query, query, status=400) if route.body is None else parsed(route.body, body, status=422)
        director = self._namespaces.director_for(text_in("namespace", body, query))
        reason = (request.headers.get(REASON_HEADER) or text_in("reason", body, query))[:_LONGEST_REASON]
        call = Call(director, user, one_line(reason) or _DEFAULT_REASON, self._options)
        if not route.deed:
            return await run_in_threadpool(route.answer, call, given)
        subject = str(getattr(given, route.subject, ""))
        deed = Deed(user.name, user.role.word, _peer(request), route.deed, subject, director.namespace, call.reason)
        return await run_in_threadpool(self._do, route, call, given, deed)

    def _check_user(self, route: Route, request: Request) -> User:
        user = self._authentication.user_of(request.headers.get("authorization"), _peer(request))
        wait = self._rate.take(user.name)
        if wait:
            raise RefusedRequestError(429, "too-many-requests", "too many requests; wait a moment", retry_after(wait))
        if user.role < route.role:
            raise RefusedRequestError(
                403, "forbidden", f"{user.name!r} is {user.role.word}, and this needs the role {route.role.word}"
            )
        return user

    def _do(self, route: Route, call: Call, given: object, deed: Deed) -> object:
        self._audit.write(deed, "asked")
        try:
            done = route.answer(call, given)
        except Exception as exc:
            error = refusal_of(exc) if isinstance(exc, IopError) else None
            self._audit.write(
                deed, "refused", status=error.status if error else 500, error=str(error or type(exc).__name__)
            )
            raise
        self._audit.write(deed, "done", status=200)
        return done


def refused(refusal: RefusedRequestError) -> Response:
    """Return the answer to a request that is not carried out."""
    return _answer(refusal.status, {"error": str(refusal), "code": refusal.code}, refusal.headers)


def _answer(status: int, content: object, headers: dict[str, str] | None = None) -> Response:
    # ASCII only: also what is no whole character can be sent.
    text = json.dumps(content, allow_nan=False)
    found = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", **(headers or {})}
    return Response(text, status, found, "application/json")


async def _http_error(_request: Request, exc: HTTPException) -> Response:
    return refused(
        RefusedRequestError(exc.status_code, "not-found" if exc.status_code == 404 else "refused", exc.detail)
    )


def _unexpected(exc: Exception, route: Route) -> RefusedRequestError:
    # The text of a strange error may hold a secret, so only its kind and its way are told.
    way = "".join(traceback.format_tb(exc.__traceback__))
    _log.error("%s %s failed unexpectedly: %s\n%s", route.method, route.path, type(exc).__name__, way)
    return RefusedRequestError(
        500, "unexpected", f"the server failed unexpectedly ({type(exc).__name__}); its log says where"
    )


def _peer(request: Request) -> str:
    return request.client.host if request.client is not None else ""

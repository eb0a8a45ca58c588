"""The web application: from a request to its answer."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, cast

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.routing import Route as HttpRoute

from iop_core.errors import IopError
from iop_director.safe_text import one_line
from iop_server.audit import AuditFile, Deed
from iop_server.authentication import Authentication
from iop_server.call import Call
from iop_server.namespaces import Namespaces
from iop_server.openapi import ALL_ROUTES
from iop_server.origins import check_origin
from iop_server.rate_limits import RateLimit, retry_after
from iop_server.refusals import RefusedRequestError, refusal_of
from iop_server.request_parts import discard_body, parsed, read_body, text_in
from iop_server.routes import Route
from iop_server.upload_calls import uploads_are_off

if TYPE_CHECKING:
    from starlette.exceptions import HTTPException
    from starlette.requests import Request

    from iop_server.options import ServerOptions
    from iop_server.users import User, UserFile

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

    def __init__(self, options: ServerOptions, users: UserFile | None) -> None:
        self._options = options
        self._authentication = Authentication(users, clock=options.clock)
        self._rate = RateLimit(options.requests_per_second, burst=options.burst, clock=options.clock)
        self._audit = AuditFile(options.audit_file, clock=options.clock)
        self._namespaces = Namespaces(options.url, options.namespaces, plugins=options.plugins)
        self.asgi = Starlette(
            routes=[
                HttpRoute(options.path_prefix + base + route.path, self._endpoint(route), methods=[route.method])
                for route in ALL_ROUTES
                for base in route.bases
            ],
            exception_handlers=cast("Any", dict.fromkeys((400, 404, 405), _http_error)),
        )
        # A path with a slash too many is unknown, and not sent elsewhere with its password.
        self.asgi.router.redirect_slashes = False

    def _endpoint(self, route: Route) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            try:
                return _answer(200, await self._carry_out(route, request))
            except IopError as exc:
                await discard_body(request)
                return refused(refusal_of(exc))
            except ClientDisconnect:
                return refused(RefusedRequestError(400, "interrupted", "the request ended before its end"))
            except Exception as exc:  # noqa: BLE001 - boundary: what a backend or its store may raise
                return refused(_unexpected(exc, route))

        return endpoint

    async def _carry_out(self, route: Route, request: Request) -> object:
        check_origin(request.headers, self._options.hosts)
        user = await run_in_threadpool(self._check_user, route, request)
        body = await self._read_body(route, request)
        query: dict[str, object] = dict(request.query_params)
        if route.body is None:
            given = parsed(route.query, {**query, **request.path_params}, status=400)
        else:
            given = await run_in_threadpool(parsed, route.body, body, status=422)
        director = self._namespaces.director_for(text_in("namespace", body, query))
        reason = (request.headers.get(REASON_HEADER) or text_in("reason", body, query))[:_LONGEST_REASON]
        call = Call(director, user, one_line(reason) or _DEFAULT_REASON, self._options)
        if not route.deed:
            return await run_in_threadpool(route.answer, call, given)
        subject = str(getattr(given, route.subject)) if route.subject else ""
        deed = Deed(user.name, user.role.word, _peer(request), route.deed, subject, director.namespace, call.reason)
        return await run_in_threadpool(self._do, route, call, given, deed)

    def _check_user(self, route: Route, request: Request) -> User:
        user = self._authentication.user_of(request.headers.get("authorization"), _peer(request))
        wait = self._rate.take(user.name)
        if wait:
            raise RefusedRequestError(429, "too-many-requests", "too many requests; wait a moment", retry_after(wait))
        if user.role < route.role:
            refusal = RefusedRequestError(
                403, "forbidden", f"{user.name!r} is {user.role.word}, and this needs the role {route.role.word}"
            )
            if route.deed:
                deed = Deed(user.name, user.role.word, _peer(request), route.deed, "", "", "")
                self._audit.write(deed, "refused", status=refusal.status, error=str(refusal))
            raise refusal
        return user

    async def _read_body(self, route: Route, request: Request) -> Mapping[str, object]:
        if route.body is None:
            return {}
        if not route.is_upload:
            return await read_body(request, most_bytes=self._options.most_body_bytes)
        if self._options.upload_root is None:
            raise uploads_are_off()
        return await read_body(request, most_bytes=self._options.most_upload_bytes)

    def _do(self, route: Route, call: Call, given: object, deed: Deed) -> object:
        self._audit.write(deed, "asked")
        try:
            done = route.answer(call, given)
        except Exception as exc:
            error = refusal_of(exc) if isinstance(exc, IopError) else None
            status, text = (500, type(exc).__name__) if error is None else (error.status, str(error))
            self._audit.write(deed, "refused", status=status, error=text)
            raise
        self._audit.write(deed, "done", status=200)
        return done


def refused(refusal: RefusedRequestError) -> Response:
    """Return the answer to a request that is not carried out."""
    return _answer(refusal.status, {"error": str(refusal), "code": refusal.code}, refusal.headers)


def _answer(status: int, content: object, headers: Mapping[str, str] | None = None) -> Response:
    # ASCII only: also what is no whole character can be sent.
    text = json.dumps(content, allow_nan=False)
    found = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", **(headers or {})}
    return Response(text, status, found, "application/json")


async def _http_error(_request: Request, exc: HTTPException) -> Response:
    codes = {404: "not-found", 405: "wrong-method"}
    text = {404: "there is no such path; see /api/iop/openapi.json", 405: "this path has other methods"}
    status = exc.status_code
    headers = exc.headers if status == 405 else None
    return refused(
        RefusedRequestError(status, codes.get(status, "malformed"), text.get(status, "malformed request"), headers)
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

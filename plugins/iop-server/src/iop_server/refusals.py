"""Why a request was not carried out, as an HTTP status and a text for whoever asked."""

from __future__ import annotations

from collections.abc import Mapping

from iop_core.errors import (
    BackendError,
    BackendUnavailableError,
    ComponentInUseError,
    ComponentStartError,
    ConfigurationError,
    IopError,
    LifeCycleError,
    PlanConflictError,
    RefusedTestError,
    RequestFailedError,
    RequestTimeoutError,
    SerializationError,
    SettingsFileError,
    SharedJobsError,
    StoreFullError,
    StoreLockedError,
    StoreUnwritableError,
    UnknownDeploymentError,
    UnknownItemError,
    UnknownMessageClassError,
    UnsupportedByBackendError,
)
from iop_director.safe_text import one_line


class RefusedRequestError(IopError):
    """The server does not carry out a request.

    Args:
        status: HTTP status, 400 or higher.
        code: The same in a word that programs can rely on.
        reason: What is wrong, and what to do.
        headers: Headers of the answer.
    """

    def __init__(self, status: int, code: str, reason: str, headers: Mapping[str, str] | None = None) -> None:
        self.status = status
        self.code = code
        self.headers = dict(headers or {})
        super().__init__(reason)


# First match wins.
_STATUSES: tuple[tuple[type[IopError], int, str], ...] = (
    (UnknownDeploymentError, 404, "not-found"),
    (UnknownItemError, 404, "not-found"),
    (ComponentInUseError, 409, "in-use"),
    (LifeCycleError, 409, "wrong-state"),
    (RefusedTestError, 409, "testing-disabled"),
    (SharedJobsError, 409, "wrong-state"),
    (PlanConflictError, 409, "conflict"),
    (StoreLockedError, 409, "wrong-state"),
    (BackendUnavailableError, 409, "not-running"),
    (UnknownMessageClassError, 422, "unknown-class"),
    (SettingsFileError, 422, "invalid"),
    (SerializationError, 422, "invalid"),
    (ConfigurationError, 422, "invalid"),
    (RequestTimeoutError, 504, "no-reply"),
    (RequestFailedError, 422, "item-failed"),
    (ComponentStartError, 500, "failed"),
    (UnsupportedByBackendError, 501, "unsupported"),
    (StoreFullError, 507, "store-full"),
    (StoreUnwritableError, 507, "store-full"),
    (BackendError, 500, "failed"),
)


def refusal_of(error: IopError) -> RefusedRequestError:
    """Return an error of IoP as an answer; one line, never without a text."""
    if isinstance(error, RefusedRequestError):
        return error
    status, code = next(((s, c) for kind, s, c in _STATUSES if isinstance(error, kind)), (500, "failed"))
    return RefusedRequestError(status, code, one_line(str(error)) or type(error).__name__)

"""Finding out who asks: Basic authentication and bearer tokens."""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
import threading
from collections import OrderedDict

from iop_core.clock import Clock
from iop_server.rate_limits import RateLimit, retry_after
from iop_server.refusals import RefusedRequestError
from iop_server.roles import Role
from iop_server.users import User, UserFile

ANONYMOUS = "anonymous"
_CHALLENGE = {"WWW-Authenticate": 'Basic realm="IoP", charset="UTF-8", Bearer'}
_MOST_REMEMBERED = 1_000
# Ten wrong tries at once, then one every six seconds.
_WRONG_TRIES = 10
_WRONG_TRIES_PER_SECOND = 1 / 6


class Authentication:
    """Tells who sent a request.

    What was found right is remembered until the users file changes, because a password is
    slow to check on purpose and clients send it with every request. Only a keyed digest of it
    is kept in memory.

    Args:
        users: The users; None: everybody may ask, as a user ``anonymous`` who is an operator.
        clock: Where time comes from, for the limit of wrong tries.
    """

    def __init__(self, users: UserFile | None, *, clock: Clock) -> None:
        self._users = users
        self._wrong_tries = RateLimit(_WRONG_TRIES_PER_SECOND, burst=_WRONG_TRIES, clock=clock)
        self._key = secrets.token_bytes(32)
        self._lock = threading.Lock()
        self._stamp: object = None
        self._remembered: OrderedDict[bytes, User] = OrderedDict()

    def user_of(self, authorization: str | None, peer: str) -> User:
        """Return the user for the header ``Authorization`` of a request.

        Args:
            authorization: The header, None for a request without one.
            peer: Address the request came from; wrong tries are counted for each.

        Raises:
            RefusedRequestError: 401: not a user; 429: too many wrong tries.
        """
        if self._users is None:
            return User(ANONYMOUS, Role.OPERATOR)
        if not authorization:
            raise _needed("give a user and password, or a token")
        digest = hmac.digest(self._key, authorization.encode("utf-8", "surrogateescape"), "sha256")
        known = self._find_remembered(digest)
        if known is not None:
            return known
        wait = self._wrong_tries.wait_for(peer)
        if wait:
            raise RefusedRequestError(
                429,
                "too-many-tries",
                f"too many wrong passwords or tokens; try again in {wait:.0f} s",
                retry_after(wait),
            )
        found = self._find(authorization, self._users)
        if found is None:
            self._wrong_tries.take(peer)
            raise _needed("the user, the password or the token is wrong")
        with self._lock:
            self._remembered[digest] = found
            if len(self._remembered) > _MOST_REMEMBERED:
                self._remembered.popitem(last=False)
        return found

    def _find_remembered(self, digest: bytes) -> User | None:
        stamp = self._users.stamp() if self._users is not None else None
        with self._lock:
            if stamp != self._stamp:
                self._remembered.clear()
                self._stamp = stamp
            return self._remembered.get(digest)

    @staticmethod
    def _find(authorization: str, users: UserFile) -> User | None:
        scheme, _, given = authorization.partition(" ")
        if scheme.lower() == "bearer":
            return users.find_by_token(given.strip())
        if scheme.lower() != "basic":
            return None
        try:
            name, _, password = base64.b64decode(given.strip(), validate=True).decode().partition(":")
        except (binascii.Error, ValueError):
            return None
        return users.find_by_password(name, password)


def _needed(reason: str) -> RefusedRequestError:
    return RefusedRequestError(401, "unauthorized", reason, _CHALLENGE)

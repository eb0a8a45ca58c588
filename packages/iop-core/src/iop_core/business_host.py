"""Sending, common to services, processes and operations."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, Protocol, TypeAlias, TypeVar, overload, runtime_checkable

from iop_core.component import Component
from iop_core.deferring import DeferringHost
from iop_core.errors import NotConnectedError, SendError
from iop_core.interfaces import Host, MessageStream
from iop_core.settings import TargetSetting

Adapter: TypeAlias = "Component | None"


@runtime_checkable
class ResolvableTarget(Protocol):
    """Something that knows the item it stands for, such as a Port of a production."""

    def resolve(self) -> str:
        """Return the item name."""
        ...


Target: TypeAlias = "str | ResolvableTarget"
_R = TypeVar("_R")


class BusinessHost(Component):
    """A component that sends requests: a service, a process or an operation."""

    adapter: Any = None
    Adapter: Any = None
    DISPATCH: ClassVar[Sequence[tuple[type | str, str]]] = []
    """Pairs of a message class, or its name, and the name of the method that handles it."""
    buffer: ClassVar[int] = 64_000
    """Kept for components that name it: the size of pieces of a large body. Here bodies are not cut."""

    @overload
    def send_request_sync(
        self, target: Target, request: object, timeout: float = -1, description: str | None = None
    ) -> Any: ...

    @overload
    def send_request_sync(
        self,
        target: Target,
        request: object,
        timeout: float = -1,
        description: str | None = None,
        *,
        response_type: type[_R],
    ) -> _R: ...

    def send_request_sync(
        self,
        target: Target,
        request: object,
        timeout: float = -1,
        description: str | None = None,
        *,
        response_type: type[_R] | None = None,
    ) -> Any:
        """Send a request and wait for the reply.

        Args:
            target: Item name, the value of a ``target()``, or a Port.
            request: A message, or None for an empty body.
            timeout: Seconds to wait; -1 waits for ever.
            description: Free text kept with the header; None for "<Class> -> <target>".
            response_type: Class that the reply has; a type checker then knows it. None: any.

        Returns:
            The reply message; None when the target replied without one.

        Raises:
            SendError: The reply is of another class than ``response_type``.
            NotConnectedError: The component is not run by an engine, or the target is empty.
            UnknownItemError: The production has no such item.
            RequestTimeoutError: No reply in time; the request may still be handled.
            RequestFailedError: The target ended with an error.
            SerializationError: ``request`` is no message, or holds a value that cannot be kept.

        Example:
            >>> from iop_core import Message
            >>> class Ward(BusinessHost):
            ...     def on_message(self, request):
            ...         return self.send_request_sync("Lab", request, timeout=10, response_type=Message)
        """
        name = self._one_target(target)
        reply = self._connected().send_sync(name, request, timeout, self._describe(name, description))
        return reply if response_type is None else _reply_of(response_type, reply, name)

    def send_deferred_response(self, token: str, response: object) -> None:
        """Give the answer that an operation put off with ``defer_response``.

        Args:
            token: What ``defer_response`` returned.
            response: The reply message, or None.

        Raises:
            NotConnectedError: No engine that can defer answers runs this component.
            SendError: The token names no request whose answer is outstanding.
            StoreError: The answer could not be stored.
        """
        host = self._connected()
        if not isinstance(host, DeferringHost):
            raise NotConnectedError(f"{type(self).__name__} is run by a host that cannot give deferred answers")
        host.send_deferred_response(token, response)

    @overload
    async def send_request_async_ng(
        self, target: Target, request: object, timeout: float = -1, description: str | None = None
    ) -> Any: ...

    @overload
    async def send_request_async_ng(
        self,
        target: Target,
        request: object,
        timeout: float = -1,
        description: str | None = None,
        *,
        response_type: type[_R],
    ) -> _R: ...

    async def send_request_async_ng(
        self,
        target: Target,
        request: object,
        timeout: float = -1,
        description: str | None = None,
        *,
        response_type: type[_R] | None = None,
    ) -> Any:
        """Send a request and await the reply; other coroutines run meanwhile.

        The request is stored and sent at once, also while a message is being handled. A
        call that is cancelled, or whose time runs out, is given up: a late answer is
        marked Discarded.

        Give a limit as ``timeout``: one that ``asyncio.wait_for`` sets around the call is not known, so
        the call may be refused as one that could never be answered.

        Args:
            target: Item name, the value of a ``target()``, or a Port.
            request: A message, or None for an empty body.
            timeout: Seconds to wait; -1 waits for ever.
            description: Free text kept with the header; None for "<Class> -> <target>".
            response_type: Class that the reply has; a type checker then knows it. None: any.

        Returns:
            The reply message; None when the target replied without one.

        Raises:
            As for ``send_request_sync``; StoreError when the request cannot be stored.
            SyncDeadlockError: Without a limit, and the target waits for this component.

        Example:
            >>> import asyncio
            >>> class Desk(BusinessHost):
            ...     async def on_message(self, request):
            ...         asked = [self.send_request_async_ng(name, request, 5) for name in ("Lab", "Ward")]
            ...         return (await asyncio.gather(*asked, return_exceptions=True))[0]
        """
        name = self._one_target(target)
        reply = await self._connected().send_and_await(name, request, timeout, self._describe(name, description))
        return reply if response_type is None else _reply_of(response_type, reply, name)

    def send_request_async(self, target: Target, request: object, description: str | None = None) -> None:
        """Send a request without waiting for a reply.

        While a message is being handled the request is stored together with the end of
        that handling, so that a crash leaves both or neither. Elsewhere (in a service's
        input loop or its own threads) it is on disk when this returns.

        Args:
            target: Item name, the value of a ``target()``, or a Port. Several names separated
                by commas get one request each.
            request: A message, or None for an empty body.
            description: Free text kept with the header; None for "<Class> -> <target>".

        Raises:
            As for ``send_request_sync``, except for the two about replies; StoreError when
            the request cannot be stored.
        """
        host = self._connected()
        for name in self._target_names(target):
            host.send_async(name, request, self._describe(name, description))

    def send_multi_request_sync(
        self, target_request: Sequence[tuple[Target, object]], timeout: float = -1, description: str | None = None
    ) -> list[tuple[str, object, Any, int]]:
        """Send several requests at once and wait for all replies.

        Args:
            target_request: List of pairs (target, request).
            timeout: Seconds to wait for all of them; -1 waits for ever.
            description: Free text kept with each header; None for "<Class> -> <target>, <target>".

        Returns:
            ``(target name, request, reply or None, code)`` in the order given; code 1 is a
            reply, 0 none in time, -1 an error.

        Raises:
            TypeError: Not a list of 2-tuples.
            ValueError: An empty list.
        """
        if not isinstance(target_request, list):
            raise TypeError(f"target_request must be a list of (target, request) tuples, got {target_request!r}")
        if not target_request:
            raise ValueError("target_request must not be empty")
        pairs: list[tuple[str, object]] = []
        for entry in target_request:
            if not isinstance(entry, tuple) or len(entry) != 2:
                raise TypeError(f"target_request must contain tuples of (target, request), got {entry!r}")
            pairs.extend((name, entry[1]) for name in self._target_names(entry[0]))
        names = ", ".join(dict.fromkeys(name for name, _ in pairs))
        answers = self._connected().send_multi_sync(pairs, timeout, self._describe(names, description))
        return [(name, request, *answer) for (name, request), answer in zip(pairs, answers, strict=True)]

    def send_generator_request(
        self, target: Target, request: object, timeout: float = -1, description: str | None = None
    ) -> MessageStream:
        """Send a request that is answered with many messages, and return them one at a time.

        The handler of the target is a generator function, or returns an iterable of messages.
        It runs on as elements are asked for, in the same instance and thread, while that
        handles other messages in between. Each element is a stored message. A stream does
        not survive a restart.

        Args:
            target: Name of a service or operation, the value of a ``target()``, or a Port.
            request: A message, or None for an empty body.
            timeout: Seconds to wait for the start, and then for each element; -1 waits for ever.
            description: Free text kept with each header; None for "<Class> -> <target>".

        Returns:
            An iterator with ``close``; it can be used in a ``with`` statement.

        Raises:
            As for ``send_request_sync``; RequestFailedError also when the handler returns
            something that is not iterable. Errors of the running generator are raised where the
            next element is asked for.

        Example:
            >>> class Reader(BusinessHost):
            ...     def on_message(self, request):
            ...         with self.send_generator_request("Pages", request, timeout=10) as pages:
            ...             for page in pages:
            ...                 self.send_request_async("Archive", page)
        """
        name = self._one_target(target)
        return self._connected().send_generator(name, request, timeout, self._describe(name, description))

    def _connected(self) -> Host:
        if self._host is None:
            raise NotConnectedError(
                f"{type(self).__name__} is not connected: only an instance that a running production made can send. "
                "Run the production, or use the test kit"
            )
        return self._host

    def _describe(self, target: str, description: str | None) -> str:
        return f"{type(self).__name__} -> {target}" if description is None else description

    def _one_target(self, target: Target) -> str:
        names = self._target_names(target)
        if len(names) > 1:
            raise SendError(f"a synchronous request needs one target, {target!r} names {len(names)}: use one of them")
        return names[0]

    def _target_names(self, target: Target) -> Sequence[str]:
        # Names are looked at first: asking whether one can be resolved costs more than all the rest.
        resolved = target if isinstance(target, str) or not isinstance(target, ResolvableTarget) else target.resolve()
        if not isinstance(resolved, str):
            raise NotConnectedError(
                f"{type(self).__name__} was given {target!r} as target; give an item name, self.<target setting> "
                "or a Port"
            )
        if "," in resolved:
            names = [name.strip() for name in resolved.split(",")]
        else:
            names = [resolved.strip()]
        if not all(names):
            raise NotConnectedError(f"{self._place()}: target {resolved!r} is empty{self._unset_ports()}")
        return names

    def _place(self) -> str:
        return f"{type(self).__name__} ({self._host.item_name!r})" if self._host else type(self).__name__

    def _unset_ports(self) -> str:
        unset = [name for name in _target_settings(type(self)) if not getattr(self, name, "")]
        if not unset:
            return ". Give the name of an item"
        ports = ", ".join(repr(name) for name in unset)
        return f"; not connected: {ports}. Connect it with prod.connect(ref.{unset[0]}, item)"


def _reply_of(response_type: type[_R], reply: object, target: str) -> _R:
    if not isinstance(reply, response_type):
        got = "no message" if reply is None else type(reply).__name__
        raise SendError(
            f"{target!r} replied with {got}, but response_type is {response_type.__name__}: correct response_type, or "
            "leave it out and look at the reply"
        )
    return reply


def _target_settings(component_class: type) -> Iterable[str]:
    found = {
        name for cls in component_class.__mro__ for name, value in vars(cls).items() if isinstance(value, TargetSetting)
    }
    return sorted(found)

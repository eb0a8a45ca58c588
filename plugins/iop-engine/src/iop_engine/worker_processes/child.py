"""The program of a child process: one instance of an operation, and its messages one by one."""

from __future__ import annotations

import os
import signal
import socket
import sys
from typing import cast

from iop_core.bodies import BodyCodec
from iop_core.component import Component
from iop_core.definitions import ItemDefinition
from iop_core.dispatch import DispatchTable
from iop_core.headers import EMPTY_BODY
from iop_core.operations import BusinessOperation
from iop_core.serializers import Serializer
from iop_engine.exchange import data_of
from iop_engine.handler_loop import HandlerLoop
from iop_engine.instances import (
    attach_adapter,
    codes_of,
    component_class_of,
    dispatch,
    make_instance,
    start_instance,
    stop_instances,
    warn_of_mistakes,
)
from iop_engine.worker_processes.channel import Channel, ChannelClosedError
from iop_engine.worker_processes.child_calls import ChildCalls
from iop_engine.worker_processes.child_host import ChildHost
from iop_engine.worker_processes.class_places import load
from iop_engine.worker_processes.failures import failure_of
from iop_engine.worker_processes.frames import Done, Failed, Handle, KeepAlive, Stop, unpacked
from iop_engine.worker_processes.order import WorkerOrder, item_of
from iop_engine.worker_processes.records import send_records

_DONE = Done(EMPTY_BODY)


def main(turns: socket.socket, asides: socket.socket) -> None:
    """Serve the engine's process until it says stop or is gone."""
    # A stop is said by the engine, which waits for the handler first; these go to a whole group.
    # No SIG_IGN, which programs that a handler starts would inherit.
    signal.signal(signal.SIGINT, _do_nothing)
    signal.signal(signal.SIGTERM, _do_nothing)
    channel = Channel(turns)
    try:
        order: WorkerOrder = channel.receive()
        calls = ChildCalls(channel, Channel(asides))
        sys.path[:] = order.path
        sys.argv[:] = order.arguments
        started: list[Component] = []
        component: ChildComponent | None = None
        try:
            send_records(order.levels, calls.send_record)
            item = item_of(order)
            send_records(order.levels, calls.send_record)
            component = ChildComponent(item, _host_of(order, calls))
            component.start(started)
        except BaseException as exc:  # noqa: BLE001 - boundary: code of users' modules and components
            channel.send(Failed(failure_of(exc)))
        else:
            channel.send(_DONE)
            _serve(channel, component)
        if component is not None:
            component.stop(started)
        channel.send(_DONE)
    except ChannelClosedError:
        os._exit(1)


def _serve(channel: Channel, component: ChildComponent) -> None:
    """Do what the parent says, until that is to stop."""
    while True:
        frame = unpacked(channel.receive())
        if isinstance(frame, Stop):
            return
        if isinstance(frame, KeepAlive):
            component.keep_alive()
            channel.send(_DONE)
        else:
            outcome = component.handle(cast("Handle", frame))
            channel.send(outcome if isinstance(outcome, Failed) else outcome.packed())


def _host_of(order: WorkerOrder, calls: ChildCalls) -> tuple[ChildHost, BodyCodec]:
    serializers = {name: cast("type[Serializer]", load(place))() for name, place in order.serializers.items()}
    codec = BodyCodec(serializers, default=order.serializer, allowed=order.allowed)
    codec.use_keys(calls.secret)
    codec.ask_before_first(calls.check_class)
    host = ChildHost(order.item.name, calls, codec)
    host.sends_super_sessions = order.sends_super_sessions
    return host, codec


class ChildComponent:
    """The instance of an operation, with its adapter.

    Args:
        item: The item.
        places: The host of the instance, and its messages to bodies and back.
    """

    def __init__(self, item: ItemDefinition, places: tuple[ChildHost, BodyCodec]) -> None:
        self._item = item
        self._host, self._codec = places
        self._loop = HandlerLoop()

    def start(self, started: list[Component]) -> None:
        """Make the instance and its adapter and run their start-up hooks.

        Args:
            started: Gets those that have started.
        """
        operation_class = component_class_of(self._item, BusinessOperation)
        self._operation = make_instance(operation_class, self._item, self._host, self._item.host_settings)
        warn_of_mistakes(self._operation)
        self._codes_of = codes_of(self._operation)
        adapter = attach_adapter(self._operation, self._item, self._host)
        for instance in (adapter, self._operation):
            if instance is not None:
                start_instance(instance, self._loop)
                started.append(instance)

    def stop(self, started: list[Component]) -> None:
        """Run the tear-down hooks, in the reverse order of the start."""
        stop_instances(reversed(started), self._loop)
        self._loop.close()

    def handle(self, asked: Handle) -> Done | Failed:
        """Have a request handled."""
        operation = self._operation
        self._host.enter(asked.context, keeps_trace=asked.keeps_trace)
        try:
            reply = dispatch(DispatchTable.of(type(operation)), operation, self._host.read(asked.body), self._loop)
            body = self._codec.encode(reply) if asked.wants_reply else EMPTY_BODY
            data = data_of(reply, self._codec) if asked.wants_data else None
            codes = () if self._codes_of is None else self._codes_of(reply)
        except ChannelClosedError:
            raise
        except BaseException as exc:  # noqa: BLE001 - boundary: component code may raise anything
            return Failed(failure_of(exc), *operation._take_wishes())  # pyright: ignore[reportPrivateUsage] - as Retrying
        finally:
            self._host.leave()
        return Done(body, reply is not None, *operation._take_wishes(), data, codes)  # pyright: ignore[reportPrivateUsage]

    def keep_alive(self) -> None:
        """Call ``on_keepalive`` of the adapter and the operation."""
        for instance in (self._operation.adapter, self._operation):
            if instance is not None:
                try:
                    self._loop.call(instance.on_keepalive)
                except Exception:
                    instance.logger.exception("on_keepalive failed")


def _do_nothing(*_: object) -> None:
    """Take a signal."""

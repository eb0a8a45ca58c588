"""Sends whose caller goes on at once."""

from __future__ import annotations

from datetime import timedelta

from iop_core.alarms import ALARM_ITEM, AlarmRequest
from iop_core.errors import SendError
from iop_core.headers import BusinessType
from iop_core.store_units import NewMessage
from iop_engine.addresses import ALARM_QUEUE, Address
from iop_engine.in_proc_calls import deliver
from iop_engine.scope import Scope
from iop_engine.sender import Sender


def send_async(sender: Sender, target: str, message: object, description: str) -> None:
    """Send a request that nobody waits for; see ``Host``."""
    scope = sender.own_scope()
    address = sender.runtime.addresses.get(target)
    request = sender.request_to(address, message, description, scope)
    if address.is_in_proc:
        deliver(request, sender.runtime)
        if scope is not None:
            scope.follow(request.session_id)
    elif scope is not None and scope.unit is not None:
        scope.unit.new.append(request)
    else:
        sender.store_now(request, scope)


def send_for_answer(sender: Sender, target: str, message: object, description: str, completion_key: str) -> None:
    """Send a request whose answer is brought to the process instance in hand; see ``Host.send_async``."""
    scope = sender.own_scope()
    if scope is None or scope.unit is None or not scope.process_id:
        raise SendError(
            f"{sender.item.name!r} wants an answer from {target!r} outside of an event of a process instance, so "
            "there is nobody to bring it to. Send from on_request, on_response or on_complete, or with "
            "response_required=False"
        )
    address = sender.runtime.addresses.get(target)
    request = sender.request_to(address, message, description, scope)
    _bring_answer(sender, request, scope, completion_key)
    answer = deliver(request, sender.runtime) if address.is_in_proc else None
    if answer is not None:
        scope.asked_in_proc += 1
    scope.unit.new.append(answer or request)


def set_timer(sender: Sender, seconds: float, completion_key: str) -> None:
    """Ask to be answered later; see ``Host``."""
    scope = sender.own_scope()
    if scope is None or scope.unit is None or not scope.process_id:
        raise SendError(
            f"{sender.item.name!r} called set_timer outside of an event of a process instance, so there is nobody to "
            "bring it to. Call it in on_request, on_response or on_complete"
        )
    alarm = AlarmRequest(seconds, sender.runtime.clock.now() + timedelta(seconds=seconds))
    address = Address(ALARM_ITEM, ALARM_QUEUE, BusinessType.SERVICE)
    request = sender.request_to(address, alarm, f"{sender.item.name}: timer of {seconds:g} s", scope)
    _bring_answer(sender, request, scope, completion_key)
    scope.unit.new.append(request)


def _bring_answer(sender: Sender, request: NewMessage, scope: Scope, completion_key: str) -> None:
    """Have the answer brought to the process instance in hand."""
    request.return_queue = sender.runtime.addresses.get(sender.item.name).queue
    request.process_id = scope.process_id
    request.completion_key = completion_key

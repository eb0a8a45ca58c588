"""A business process instance: what it remembers, in memory and on disk."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from iop_core.errors import StoreError
from iop_core.events import StoredMessage
from iop_core.headers import Body
from iop_core.processes import BusinessProcess
from iop_core.services import BusinessService
from iop_core.store_units import Delivery, ProcessRecord
from iop_core.stores import StoreReader
from iop_engine.component_host import ComponentHost
from iop_engine.handler_loop import HandlerLoop
from iop_engine.instances import start_instance

# Marks the name of a persistent property whose value is bytes.
_BYTES = ":bytes"

NO_STATE = "{}"

_ENCODER = json.JSONEncoder(allow_nan=False)


@dataclass(slots=True)
class ProcessInstance:
    """One instance while it is in memory.

    Attributes:
        component: The Python object, the same for all events until a restart.
        host: Its side of the engine.
        record: What is stored of it.
        request: The primary request.
        calls: Bodies of requests whose answers are outstanding, by message id.
        settings: Attributes of the component before its code ran.
        is_started: Whether the start-up hooks of the component have run.
        is_ended: Whether its tear-down hook has.
    """

    component: BusinessProcess
    host: ComponentHost
    record: ProcessRecord
    request: Delivery
    calls: dict[int, Body] = field(default_factory=dict[int, Body])
    settings: Mapping[str, object] = field(default_factory=dict[str, object])
    is_started: bool = False
    is_ended: bool = False

    def start(self, loop: HandlerLoop) -> None:
        """Run the start-up hooks, once, and then restore the persistent properties.

        In this order because ``on_init`` sets first values: what was stored counts more.
        """
        if not self.is_started:
            start_instance(self.component, loop)
            write_state(self.component, self.record.state)
            self.is_started = True

    def end(self, loop: HandlerLoop) -> None:
        """Run the tear-down hook, once, if the start-up hooks have run."""
        if self.is_started and not self.is_ended:
            self.is_ended = True
            loop.call(self.component.on_tear_down)


class ProcessTable:
    """The instances of one process item that are in memory, shared by its workers.

    Two workers never have the same instance in hand: the store sees to that.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._instances: dict[int, ProcessInstance] = {}
        # Ended by an error: number of answers that will still come, by process id. The store
        # cannot be asked instead, since the end may not be on disk when they come.
        self._ended: dict[int, int] = {}

    def find(self, process_id: int) -> ProcessInstance | None:
        """Return the instance, or None when it is not in memory."""
        with self._lock:
            return self._instances.get(process_id)

    def keep(self, instance: ProcessInstance) -> None:
        """Keep an instance for its next event, or forget it when it has ended."""
        record = instance.record
        with self._lock:
            if not record.is_completed:
                self._instances[record.process_id] = instance
                return
            self._instances.pop(record.process_id, None)
            if record.pending > 0:
                self._ended[record.process_id] = record.pending

    def take_ended(self, process_id: int) -> bool:
        """Return whether an answer came too late for its instance, and count it."""
        with self._lock:
            pending = self._ended.get(process_id)
            if pending is None:
                return False
            if pending > 1:
                self._ended[process_id] = pending - 1
            else:
                del self._ended[process_id]
            return True


def read_state(component: BusinessProcess | BusinessService, settings: Mapping[str, object]) -> str:
    """Return the persistent properties of a component as the text of a JSON object.

    Those are the attributes that ``PERSISTENT_PROPERTY_LIST`` names; without such a list all
    public ones that its code has set. A listed value that JSON cannot hold is named in the log;
    bytes are written as text, under a name that no attribute has.

    Args:
        component: The component.
        settings: Its attributes before its code ran: they come from the production again.
    """
    names = component.PERSISTENT_PROPERTY_LIST
    if names is None:
        values = {
            name: value
            for name, value in vars(component).items()
            if not name.startswith("_") and (name not in settings or settings[name] is not value)
        }
    else:
        values = {name: getattr(component, name) for name in names if hasattr(component, name)}
    if not values:
        return NO_STATE
    try:
        return _ENCODER.encode(values)
    except (TypeError, ValueError):  # not all of them are JSON values
        return _state_of(component, values)


def _state_of(component: BusinessProcess | BusinessService, values: Mapping[str, object]) -> str:
    names = component.PERSISTENT_PROPERTY_LIST
    state: dict[str, object] = {}
    for name, value in values.items():
        if isinstance(value, bytes):
            state[name + _BYTES] = base64.b64encode(value).decode("ascii")
            continue
        try:
            _ENCODER.encode(value)
        except (TypeError, ValueError) as exc:
            if names is not None:
                component.log_warning(f"persistent property {name!r} is not stored: {value!r} is no JSON value ({exc})")
            continue
        state[name] = value
    return _ENCODER.encode(state) if state else NO_STATE


def write_state(component: BusinessProcess | BusinessService, state: str) -> None:
    """Set the persistent properties of a component from what ``read_state`` returned."""
    if state == NO_STATE:
        return
    for name, value in json.loads(state).items():
        if name.endswith(_BYTES):
            setattr(component, name.removesuffix(_BYTES), base64.b64decode(value))
        else:
            setattr(component, name, value)


def stored_delivery(reader: StoreReader, message_id: int) -> Delivery:
    """Return a message that was handled before as it was delivered then.

    Raises:
        StoreError: It is not stored any more.
    """
    stored: StoredMessage | None = reader.message(message_id)
    if stored is None:
        raise StoreError(f"message {message_id} is not stored any more, but a process instance still needs it")
    header = stored.header
    return Delivery(
        message_id=header.message_id,
        session_id=header.session_id,
        type=header.type,
        queue=header.queue,
        source=header.source,
        target=header.target,
        return_queue=header.return_queue,
        priority=header.priority,
        corresponding_id=header.corresponding_id,
        process_id=header.process_id,
        is_error=header.is_error,
        error=header.error,
        completion_key=header.completion_key,
        time_created=header.time_created,
        attempt=1,
        body=stored.body,
        super_session=header.super_session,
        source_type=header.source_type,
    )

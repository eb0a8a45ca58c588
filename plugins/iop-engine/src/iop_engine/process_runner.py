"""Running a business process: each event of an instance is one settlement."""

from __future__ import annotations

from dataclasses import replace

from iop_core.definitions import ItemDefinition
from iop_core.dispatch import DispatchTable
from iop_core.duplex import DuplexProcess
from iop_core.duplex_messages import PrivateSessionAck, PrivateSessionStart, PrivateSessionStop
from iop_core.errors import RequestFailedError, SendError
from iop_core.headers import Body, MessageStatus, MessageType
from iop_core.processes import BusinessProcess
from iop_core.store_units import Delivery, HeaderChange, ProcessRecord, Unit
from iop_engine import crash_points
from iop_engine.component_host import ComponentHost
from iop_engine.handler_loop import HandlerLoop
from iop_engine.instance_abort import ABORT_INSTANCE, AbortInstance
from iop_engine.instances import component_class_of, dispatch, make_another, make_instance, warn_of_mistakes
from iop_engine.process_instance import ProcessInstance, ProcessTable, read_state, stored_delivery
from iop_engine.runtime import Runtime
from iop_engine.scope import Scope
from iop_engine.settlement import answer, failure, is_postponed, settled
from iop_engine.stream_server import FRAMES
from iop_engine.worker import Runner, Settle


class ProcessRunner(Runner):
    """Runs the instances of a process whose events one worker takes.

    Args:
        item: The item.
        runtime: What the engine's parts share.
        instances: The instances in memory, shared by the workers of the item.
    """

    def __init__(self, item: ItemDefinition, runtime: Runtime, instances: ProcessTable) -> None:
        self._item = item
        self._runtime = runtime
        self._instances = instances
        self._loop = HandlerLoop()

    def start(self) -> None:
        """Check the class and its settings; instances are made per request."""
        self._process_class = component_class_of(self._item, BusinessProcess)
        self._table = DispatchTable.of(self._process_class)
        host = ComponentHost(self._item, self._runtime)
        warn_of_mistakes(make_instance(self._process_class, self._item, host, self._item.host_settings))

    def stop(self) -> None:
        """Leave open instances to the next start."""
        self._loop.close()

    def handle(self, delivery: Delivery, settle: Settle) -> None:
        """Have one event handled; sends, reply and state are stored with its end."""
        instance: ProcessInstance | None = None
        try:
            instance = self._find(delivery)
            if instance is None:
                settle(self._too_late(delivery))
                return
            is_abort = delivery.body.class_name == ABORT_INSTANCE
            unit = self._aborted(instance, delivery) if is_abort else self._event(instance, delivery)
        except BaseException as exc:  # noqa: BLE001 - boundary: component code may raise anything
            if is_postponed(delivery, exc):
                return
            unit = self._failure(instance, delivery, exc)
        if instance is None or unit.process is None:
            settle(unit)
            return
        if unit.process.is_completed:
            unit.process.time_completed = self._runtime.clock.now()
        # Before the unit can be on disk: an answer to it may come to another worker at once.
        instance.record = unit.process
        self._instances.keep(instance)
        crash_points.reach("process.kept")
        settle(unit)
        for message in unit.new:
            if message.process_id == instance.record.process_id and message.return_queue:
                instance.calls[message.message_id] = message.body

    def _find(self, delivery: Delivery) -> ProcessInstance | None:
        """Return the instance the event is for: a new one for a request, none when it has ended."""
        if delivery.type is MessageType.REQUEST:
            if delivery.body.class_name in FRAMES:
                raise SendError(f"{self._item.name!r} is a process, which gives no streams; ask a service or operation")
            now = self._runtime.clock.now()
            record = ProcessRecord(delivery.message_id, self._item.name, delivery.session_id, time_created=now)
            return self._enter_memory(record, delivery)
        instance = self._instances.find(delivery.process_id)
        if instance is not None or self._instances.take_ended(delivery.process_id):
            return instance
        stored = self._runtime.store.reader.find_process(delivery.process_id)
        if stored is None or stored.is_completed:
            return None
        stored.response = self._runtime.codec.with_search_fields(stored.response)  # they are not kept with the state
        return self._enter_memory(stored, stored_delivery(self._runtime.store.reader, stored.process_id))

    def _enter_memory(self, record: ProcessRecord, request: Delivery) -> ProcessInstance:
        host = ComponentHost(self._item, self._runtime)
        component = make_another(self._process_class, self._item, host, self._item.host_settings)
        return ProcessInstance(component, host, record, request, settings=dict(vars(component)))

    def _event(self, instance: ProcessInstance, delivery: Delivery) -> Unit:
        """Run one event and return its settlement; the instance keeps its old record when it fails."""
        unit = Unit()
        record = instance.record.copy()
        component, codec = instance.component, self._runtime.codec
        scope = instance.host.enter_message(delivery, unit, record.process_id)
        try:
            instance.start(self._loop)
            request = codec.decode(instance.request.body)
            if delivery.type is MessageType.REQUEST:
                result = self._on_request(component, request, delivery, record)
            elif delivery.corresponding_id:
                result = self._on_response(instance, delivery, request)
                record.pending -= 1
            else:
                result = self._on_document(component, delivery, record, unit)
            self._take_response(record, result)
            record.pending += scope.asked_in_proc
            for message in unit.new:
                if message.return_queue and message.process_id == record.process_id:
                    record.pending += 1
            if record.pending == 0 or scope.is_complete:
                result = self._loop.call(component.on_complete, request, codec.decode(record.response))
                self._take_response(record, result)
                record.is_completed = True
                instance.end(self._loop)
        finally:
            instance.host.leave()
        self._reply(instance, record, scope, unit)
        record.state = read_state(component, instance.settings)
        unit.settled.append(settled(delivery))
        unit.process = record
        return unit

    def _on_request(
        self, component: BusinessProcess, request: object, delivery: Delivery, record: ProcessRecord
    ) -> object:
        if not (isinstance(component, DuplexProcess) and isinstance(request, PrivateSessionStart)):
            return dispatch(self._table, component, request, self._loop)
        self._loop.call(component.on_private_session_started, delivery.source, False)
        record.pending += 1  # the session itself: it is waited for like an answer
        component.reply(PrivateSessionAck())
        return None

    def _on_document(self, component: BusinessProcess, delivery: Delivery, record: ProcessRecord, unit: Unit) -> object:
        """Hand a document of a private session, or its end, to the component."""
        if not isinstance(component, DuplexProcess):
            raise SendError(f"{self._item.name!r} is no duplex process any more, so it takes no documents")
        codec = self._runtime.codec
        document = codec.decode(delivery.body)
        if isinstance(document, PrivateSessionStop):
            attached = codec.decode(Body(document.class_name, document.serializer, document.payload))
            self._loop.call(component.on_private_session_stopped, delivery.source, False, attached)
            record.pending -= 1
        else:
            result = self._loop.call(component.on_document, delivery.source, document)
            if delivery.return_queue:
                unit.new.append(answer(self._item, delivery, codec.encode(result)))
        return None

    def _aborted(self, instance: ProcessInstance, delivery: Delivery) -> Unit:
        """End the instance because an operator wants it; its code is not asked."""
        wish = self._runtime.codec.decode(delivery.body)
        error = wish.reason if isinstance(wish, AbortInstance) else "aborted"
        record = replace(instance.record, is_completed=True, has_replied=True, error=error)
        change = HeaderChange(record.process_id, MessageStatus.ABORTED, error=error)
        unit = Unit(settled=[settled(delivery)], process=record, changes=[change])
        if instance.request.return_queue and not instance.record.has_replied:
            unit.new.append(answer(self._item, instance.request, error=f"the request was {error}"))
        return unit

    def _too_late(self, delivery: Delivery) -> Unit:
        """Return the end of an answer or document whose instance has ended."""
        unit = Unit(settled=[settled(delivery, MessageStatus.DISCARDED)])
        if delivery.return_queue:
            unit.new.append(
                answer(self._item, delivery, error="the process instance of this private session has ended")
            )
        return unit

    def _on_response(self, instance: ProcessInstance, delivery: Delivery, request: object) -> object:
        codec = self._runtime.codec
        asked = instance.calls.pop(delivery.corresponding_id, None)
        if asked is None:
            asked = stored_delivery(self._runtime.store.reader, delivery.corresponding_id).body
        if delivery.is_error:
            return self._loop.call(
                instance.component.on_error,
                request,
                codec.decode(instance.record.response),
                codec.decode(asked),
                RequestFailedError(delivery.source, delivery.error),
                delivery.completion_key,
            )
        # A process without a response of its own is shown the answer in its place, as in the
        # documented example that replies with it; handing it back unchanged does not make it one.
        has_own = not instance.record.response.is_empty
        response = codec.decode(instance.record.response if has_own else delivery.body)
        result = self._loop.call(
            instance.component.on_response,
            request,
            response,
            codec.decode(asked),
            codec.decode(delivery.body),
            delivery.completion_key,
        )
        return result if has_own or result is not response else None

    def _take_response(self, record: ProcessRecord, result: object) -> None:
        if result is not None:
            record.response = self._runtime.codec.encode(result)

    def _reply(self, instance: ProcessInstance, record: ProcessRecord, scope: Scope, unit: Unit) -> None:
        """Answer the caller once: with the first ``reply``, else with the response at the end."""
        if record.has_replied or not (scope.replies or record.is_completed):
            return
        body: Body = self._runtime.codec.encode(scope.replies[0]) if scope.replies else record.response
        record.has_replied = True
        if instance.request.return_queue:
            unit.new.append(answer(self._item, instance.request, body))

    def _failure(self, instance: ProcessInstance | None, delivery: Delivery, exc: BaseException) -> Unit:
        """End the instance with an error and tell its caller."""
        unit = failure(self._item, delivery, exc, self._runtime.clock.now())
        if instance is None:
            return unit
        try:
            instance.end(self._loop)
        except Exception:
            instance.component.logger.exception("on_tear_down failed")
        is_document = delivery.type is MessageType.RESPONSE and not delivery.corresponding_id
        if is_document and delivery.return_queue:
            unit.new.append(answer(self._item, delivery, error=unit.settled[0].error))
        answered = 1 if delivery.type is MessageType.RESPONSE and not is_document else 0
        record = replace(
            instance.record,
            pending=instance.record.pending - answered,
            is_completed=True,
            error=unit.settled[0].error,
        )
        if delivery.type is MessageType.RESPONSE and instance.request.return_queue and not record.has_replied:
            unit.new.append(answer(self._item, instance.request, error=record.error))
        record.has_replied = True
        unit.process = record
        return unit

"""The business service that takes HL7 messages in over MLLP."""

from __future__ import annotations

import os

from hospital.acknowledgment import AckCode, build_acknowledgment
from hospital.framing import Frame
from hospital.header import RefusedMessageError, check_header, find_header
from hospital.messages import DeadLetter, Hl7Message
from hospital.mllp_server import Limits, MllpServer
from iop import BusinessService, Category, IopError, setting, target


class MllpService(BusinessService):
    """Acknowledges an HL7 message once it is on disk.

    AA: stored, and will be handled. AR: the message is wrong and was kept as a dead letter;
    sending it again does not help. AE: it could not be stored now; send it again later.
    """

    Output = target()
    DeadLetters = target()
    Host = setting("127.0.0.1", category=Category.CONNECTION, description="Address to listen on")
    Port = setting(2575, category=Category.CONNECTION, description="TCP port; 0 lets the system choose")
    MaxMessageBytes = setting(16 * 1024 * 1024, description="Longest message; a longer one is answered with AR")
    MaxConnections = setting(64, description="Open connections; more are closed at once")
    IdleSeconds = setting(300.0, description="A connection without a byte for this long is closed")
    ProcessingIds = setting("P", description="Accepted values of MSH-11, separated by commas")

    _server: MllpServer | None = None

    def on_init(self) -> None:
        """Open the port and begin to accept connections."""
        limits = Limits(self.MaxMessageBytes, self.IdleSeconds, self.MaxConnections)
        try:
            self._server = MllpServer((self.Host, self.Port), limits, self.receive, report=self.log_warning)
        except OSError as error:
            # The text of the error itself repeats the address.
            reason = os.strerror(error.errno) if error.errno and error.errno > 0 else error
            raise IopError(
                f"cannot listen on {self.Host}:{self.Port}: {reason}. "
                "Stop the program that uses the port, or choose another one"
            ) from error
        self._server.start()
        self.log_info(f"listening on {self.Host}:{self._server.port}")

    def on_tear_down(self) -> None:
        """Answer the messages in hand, then close all connections."""
        if self._server is not None:
            self._server.stop()

    def receive(self, frame: Frame, peer: str) -> bytes | None:
        """Store one message and return its acknowledgment; None when nobody waits for one.

        Called by the server, in the thread of the connection.
        """
        header = find_header(frame.data)
        control_id = header.control_id if header else ""
        message = Hl7Message(frame.data.decode("latin-1"), control_id, peer)
        try:
            if frame.problem:
                raise RefusedMessageError(frame.problem)
            check_header(header, processing_ids=self._processing_ids())
            self.send_request_async(self.Output, message)
            code, reason = AckCode.ACCEPT, ""
        except RefusedMessageError as refusal:
            code, reason = AckCode.REJECT, str(refusal)
        except Exception as error:  # noqa: BLE001 - boundary: whatever fails here, the sender needs an answer
            code, reason = AckCode.ERROR, f"not stored: {error}"
        if code is not AckCode.ACCEPT:
            code, reason = self._keep(message, code, reason)
        return build_acknowledgment(header, code, reason) if frame.expects_answer else None

    def _keep(self, message: Hl7Message, code: AckCode, reason: str) -> tuple[AckCode, str]:
        """Keep a message that is not accepted; what cannot be kept has to be sent again."""
        self.log_warning(f"{code.value} to {message.peer} for message {message.control_id!r}: {reason}")
        letter = DeadLetter(message.raw, message.control_id, message.peer, reason=reason, answer=code.value)
        try:
            self.send_request_async(self.DeadLetters, letter)
        except Exception as error:  # noqa: BLE001 - boundary: as above
            self.log_error(f"message {message.control_id!r} of {message.peer} could not be kept: {error}")
            return AckCode.ERROR, f"not stored: {error}"
        return code, reason

    def _processing_ids(self) -> tuple[str, ...]:
        return tuple(value.strip() for value in self.ProcessingIds.split(","))

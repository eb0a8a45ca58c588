"""The business process that decides where a message goes."""

from __future__ import annotations

from dataclasses import asdict

from hospital.messages import DeadLetter, Facility, FacilityQuery, FiledMessage, Hl7Message
from hospital.parsing import ParsedMessage, UnreadableMessageError
from iop import BusinessProcess, handler, setting, target


class Router(BusinessProcess):
    """Sends ADT to the files, ORU to the results, and everything else to the dead letters.

    The facility is looked up with a synchronous request. A message that cannot be read, or
    has nothing to file, is a dead letter as well: it was acknowledged, so it must not vanish.
    """

    Lookup = target()
    AdtOutput = target()
    ResultsOutput = target()
    DeadLetters = target()
    LookupSeconds = setting(10.0, description="How long to wait for the lookup")

    @handler(Hl7Message)
    def route(self, request: Hl7Message) -> None:
        """Route one message by its type."""
        try:
            parsed = ParsedMessage(request.data)
        except UnreadableMessageError as error:
            self._bury(request, str(error))
            return
        if parsed.type == "ADT":
            self._file(self.AdtOutput, request, parsed)
        elif parsed.type == "ORU" and parsed.observations():
            self._file(self.ResultsOutput, request, parsed)
        elif parsed.type == "ORU":
            self._bury(request, "ORU without an OBX segment: nothing to file")
        else:
            self._bury(request, f"no route for message type {parsed.type}^{parsed.trigger}")

    def _file(self, output: str, request: Hl7Message, parsed: ParsedMessage) -> None:
        query = FacilityQuery(parsed.facility_code)
        facility: Facility = self.send_request_sync(self.Lookup, query, timeout=self.LookupSeconds)
        if not facility.name:
            self.log_warning(f"facility {query.code!r} of message {request.control_id!r} is not in the table")
        self.send_request_async(output, FiledMessage(**asdict(request), facility=facility.name))

    def _bury(self, request: Hl7Message, reason: str) -> None:
        self.log_warning(f"message {request.control_id!r} is a dead letter: {reason}")
        self.send_request_async(self.DeadLetters, DeadLetter(**asdict(request), reason=reason))

from dataclasses import dataclass

from iop import BusinessOperation, Message, PollingBusinessService, Production, target


@dataclass
class Greeting(Message):
    name: str = "world"


class Clock(PollingBusinessService):
    Output = target()

    def on_poll(self) -> None:
        self.send_request_async(self.Output, Greeting())


class Printer(BusinessOperation):
    def on_message(self, request: Greeting) -> None:
        self.log_info(f"hello, {request.name}")


production = Production("Demo.Hello")
production.connect(production.service(Clock).Output, production.operation(Printer))

"""The production that the web application talks to; start it with ``iop start flask_production.py --detach``."""

from dataclasses import dataclass

from iop import BusinessOperation, BusinessService, Message, Production, handler, target


@dataclass
class Greeting(Message):
    """What somebody says."""

    text: str = ""


class MyBusinessService(BusinessService):
    """Takes what the web application says and returns the answer."""

    Output = target()

    def on_process_input(self, message_input: str = "") -> str:
        """Ask the operation, and return its answer as text."""
        answer: Greeting = self.send_request_sync(self.Output, Greeting(message_input), timeout=10)
        return answer.text


class Greeter(BusinessOperation):
    """Answers a greeting."""

    @handler(Greeting)
    def greet(self, request: Greeting) -> Greeting:
        """Return the greeting with an answer."""
        self.log_info(f"was greeted with {request.text!r}")
        return Greeting(f"{request.text} And hello from the production.")


production = Production("Demo.Flask")
production.connect(production.service(MyBusinessService).Output, production.operation(Greeter))

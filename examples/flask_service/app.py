"""A web application that calls a service of a production in another process."""

from flask import Flask

from iop import Director

app = Flask(__name__)

director = Director()


@app.route("/")  # type: ignore[untyped-decorator]  # our mypy settings hide a part of flask
def hello_world() -> str:
    """Hand a greeting to the service and return its answer."""
    bs = director.get_business_service("MyBusinessService")
    return str(bs.on_process_input("Hello, World!"))

"""The shapes of requests and answers; the OpenAPI description is made from them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from typing_extensions import NotRequired, TypedDict

# No control characters: names go into file names, logs and terminals.
Name = Annotated[str, StringConstraints(max_length=220, pattern=r"^[^\x00-\x1f\x7f]*$")]
GivenName = Annotated[str, StringConstraints(min_length=1, max_length=220, pattern=r"^[^\x00-\x1f\x7f]+$")]
MOST_ENTRIES = 1_000


def _first_of(value: object) -> object:
    return {"yes": True, "on": True, "no": False, "off": False, "": False}.get(str(value).lower(), value)


class Nothing(BaseModel):
    """No parameters but the ones that every call has."""

    model_config = ConfigDict(extra="ignore")


class ProductionName(Nothing):
    """A production, if one is meant."""

    production: Name = Field(default="", description="Name of a production; empty: the default one.")


class ComponentName(Nothing):
    """An item of the production that runs."""

    component: GivenName = Field(
        validation_alias=AliasChoices("component", "item"), description="Name of the item; 'item' is the same."
    )


class BindingChoice(Nothing):
    """Which registered classes to list."""

    unused: Annotated[bool, BeforeValidator(_first_of)] = Field(
        default=False, description="1, true, yes or on: only those that no item has."
    )


class BindingName(Nothing):
    """A registered class."""

    class_name: GivenName = Field(
        validation_alias=AliasChoices("class", "classname"),
        serialization_alias="class",
        description="Name of the class on IRIS; 'classname' is the same.",
    )


class LogRange(Nothing):
    """Which entries of the event log to return."""

    top: int = Field(default=10, ge=1, le=MOST_ENTRIES, description="The newest that many, newest first.")
    since_id: int | None = Field(
        default=None,
        ge=0,
        le=2**63 - 1,
        description=f"Those with higher ids instead, oldest first, {MOST_ENTRIES} at most.",
    )


class TrialOrder(Nothing):
    """A test message."""

    target: GivenName = Field(description="Item to send it to.")
    classname: Name | None = Field(default=None, description="Class of the message; none: a message without a body.")
    body: str | dict[str, Any] | None = Field(default=None, description="Its fields, as JSON text or as an object.")
    restart: bool = Field(default=False, description="Restart the item before.")


class UploadedFile(BaseModel):
    """One file of an upload."""

    name: str = Field(min_length=1, max_length=240, description="Path below the package, with '/'; .py or .cls.")
    data: str = Field(description="Its text.")


class Upload(Nothing):
    """Code to deploy."""

    package: str = Field(
        default="python", max_length=100, pattern=r"^[A-Za-z_][A-Za-z0-9_.-]*$", description="Name of its folder."
    )
    remote_folder: str = Field(
        default="", max_length=1000, description="Folder below the upload root; empty: the root."
    )
    settings_file: str = Field(default="settings.py", max_length=240, description="The file to migrate.")
    strict_production_validation: bool = Field(default=False, description="Refuse productions with issues.")
    dry_run: bool = Field(default=False, description="Only check, and change nothing.")
    body: list[UploadedFile] = Field(description="The files.")


class Document(Nothing):
    """A document of the API Atelier."""

    name: GivenName
    space: GivenName


class Space(Nothing):
    """A namespace of the API Atelier."""

    space: GivenName


class Version(TypedDict):
    """The version of the API."""

    version: str
    description: str
    server: str


class Status(TypedDict):
    """What runs, or ran last."""

    production: str
    status: Literal["running", "stopped", "suspended", "troubled", "unknown"]


class Listed(TypedDict):
    """A production in the list."""

    Status: str
    LastStartTime: str
    LastStopTime: str
    AutoStart: int


class Production(TypedDict):
    """The name of a production."""

    production: str


class Started(TypedDict):
    """What was started."""

    status: str
    production: str


class Done(TypedDict):
    """What was done."""

    status: str


class Updated(TypedDict):
    """What an update did."""

    status: str
    added: list[str]
    removed: list[str]
    restarted: list[str]
    failed: dict[str, str]


class ComponentDone(TypedDict):
    """What was done to an item."""

    status: str
    component: str


class BindingUser(TypedDict):
    """An item that has a registered class."""

    production: str
    item: str


# The functional form, as a key is a word of Python.
Binding = TypedDict(
    "Binding",
    {
        "class": str,
        "super": str,
        "module": str,
        "classname": str,
        "classpaths": str,
        "used": bool,
        "used_by": list[BindingUser],
    },
)
Unbound = TypedDict("Unbound", {"status": str, "class": str})


class LogLine(TypedDict):
    """An entry of the event log; empty texts stand for what is not known."""

    id: int
    config_name: str
    job: str
    message_id: int | str
    session_id: int | str
    source_class: str
    source_method: str
    text: str
    time_logged: str
    type: str


class Edge(TypedDict):
    """A route to an item."""

    target: str
    source_target_setting: str
    interaction: str


class ConnectedItem(TypedDict):
    """An item with its routes."""

    item: str
    class_name: str
    kind: str
    adapter_class_name: NotRequired[str]
    iop: NotRequired[int]
    module: NotRequired[str]
    classname: NotRequired[str]
    classpaths: NotRequired[str]
    connections: list[str]
    edges: list[Edge]
    warnings: list[str]


class Connections(TypedDict):
    """The items of a production with their routes."""

    production: str
    items: list[ConnectedItem]
    warnings: list[str]


class Queue(TypedDict):
    """A queue."""

    item: str
    queue_name: str
    class_name: str
    exists: int
    count: int


class Queues(TypedDict):
    """The queues of a production."""

    production: str
    items: list[Queue]
    warnings: list[str]


class TrialReply(TypedDict):
    """The reply to a test message with its session; only the session when there is no reply."""

    classname: NotRequired[str]
    body: NotRequired[str]
    truncated: NotRequired[int]
    session_id: NotRequired[int]


class Migrated(TypedDict):
    """What an upload deployed."""

    path: str
    mode: str
    namespace: str
    dry_run: bool
    classes: dict[str, str]
    schemas: list[str]
    productions: list[str]
    issues: list[str]
    changes: list[str]
    ignored: list[str]
    log: str


class AtelierStatus(TypedDict):
    """What went wrong, in the form of the API Atelier."""

    errors: list[str]
    summary: str


class AtelierAnswer(TypedDict):
    """An answer in the form of the API Atelier."""

    status: AtelierStatus
    console: list[str]
    result: dict[str, Any]


class Error(TypedDict):
    """Why a request was not carried out."""

    error: str
    code: str

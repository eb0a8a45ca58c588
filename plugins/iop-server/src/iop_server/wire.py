"""The shapes of requests and answers; the OpenAPI description is made from them."""

from __future__ import annotations

from typing import Annotated

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, StringConstraints
from typing_extensions import TypedDict

# No control characters: names go into file names, logs and terminals.
Name = Annotated[str, StringConstraints(max_length=220, pattern=r"^[^\x00-\x1f\x7f]*$")]
GivenName = Annotated[str, StringConstraints(min_length=1, max_length=220, pattern=r"^[^\x00-\x1f\x7f]+$")]


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


class Version(TypedDict):
    """The version of the API."""

    version: str
    description: str
    server: str


class Status(TypedDict):
    """What runs, or ran last."""

    production: str
    status: str


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


class Error(TypedDict):
    """Why a request was not carried out."""

    error: str
    code: str

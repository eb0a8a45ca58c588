"""Messages declared as pydantic models; imported only when one is used."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, PrivateAttr

from iop_core.registry import MESSAGE_CLASSES


class PydanticMessage(BaseModel):
    """Base class of messages that are declared as pydantic models.

    Fields are class annotations; construction takes keywords only and validates.

    Raises:
        pydantic.ValidationError: On construction, when a value does not fit.

    Example:
        >>> class Order(PydanticMessage):
        ...     number: str
        >>> Order(number="A1").number
        'A1'
    """

    _iris_id: str | None = PrivateAttr(default=None)

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Make the class known to the registry; called by pydantic for each subclass."""
        super().__pydantic_init_subclass__(**kwargs)
        MESSAGE_CLASSES.register(cls)

    def get_iris_id(self) -> str | None:
        """Return the id of the stored body this message was read from, None for a new one."""
        return self._iris_id

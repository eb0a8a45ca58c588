"""Messages with a class of their own on IRIS, and a table of their own in the local engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from iop_core.errors import MessageDefinitionError
from iop_core.persistent.classes import PERSISTENT_CLASSES
from iop_core.persistent.models import Model, iris_class_name_of
from iop_core.registry import MESSAGE_CLASSES, class_name_of
from iop_core.searchable import Searchable, paths_by_name


class PersistentMessage(Model, persistent=True, superclasses="Ens.MessageBody"):
    """Base class of messages whose fields are columns.

    Fields are class annotations, with ``Field`` where more is to be said; construction takes
    keywords only and checks types and lengths, and so does sending. The class on IRIS and the
    table are made at the first use and gain the fields that they lack; nothing in them is
    ever dropped.

    An inner class ``Meta`` may give the name on IRIS (``classname``) and more, see ``ModelMeta``.
    The class keywords ``searchable`` and ``purgeable`` are those of ``Message``; the parameter
    ``ENSPURGE`` ("0") in ``Meta.parameters`` means ``purgeable=False`` too, as on IRIS.

    Raises:
        MessageFieldError: On construction, when a field is missing, unknown or of the wrong
            type; it is a TypeError too.
        MessageValueError: On construction, when a value is null or too long; it is a
            ValueError too.

    Example:
        >>> class Order(PersistentMessage):
        ...     OrderId: str
        ...     Amount: float = 0.0
        ...
        ...     class Meta:
        ...         classname = "Demo.Msg.DocumentedOrder"
        >>> Order(OrderId="A1", Amount=9.5)
        Order(OrderId='A1', Amount=9.5)
    """

    # The serializer that writes messages of this class, whatever is the default.
    __iop_serializer__: ClassVar[str] = "persistent"

    __iop_is_abstract__: ClassVar[bool] = True
    __iop_searchable__: ClassVar[Mapping[str, str]] = {}
    __iop_purgeable__: ClassVar[bool] = True

    def __init_subclass__(
        cls,
        *,
        serial: bool | None = None,
        persistent: bool | None = None,
        superclasses: str | Sequence[str] | None = None,
        searchable: Searchable | None = None,
        purgeable: bool | None = None,
        **kwargs: Any,
    ) -> None:
        if serial:
            raise MessageDefinitionError(
                f"{class_name_of(cls)} is a message and cannot be serial; derive it from Model"
            )
        super().__init_subclass__(persistent=persistent, superclasses=superclasses, **kwargs)
        if searchable is not None:
            cls.__iop_searchable__ = paths_by_name(searchable, class_name_of(cls))
        if purgeable is None and "ENSPURGE" in cls.__iop_meta__.parameters:
            purgeable = cls.__iop_meta__.parameters["ENSPURGE"] != "0"
        if purgeable is not None:
            cls.__iop_purgeable__ = purgeable
        PERSISTENT_CLASSES.register(cls, iris_class_name_of(cls))
        MESSAGE_CLASSES.register(cls)

"""Messages to stored bodies and back, with one compiled codec per class."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial

from iop_core.errors import SerializationError
from iop_core.headers import EMPTY_BODY, Body
from iop_core.message_types import is_message_class
from iop_core.messages import set_iris_id
from iop_core.plugins import choose, installed_plugins
from iop_core.registry import MESSAGE_CLASSES, MessageRegistry, class_name_of
from iop_core.searchable import Extractor, find_extractor
from iop_core.serializers import Codec, Serializer, chosen_serializer


class BodyCodec:
    """Encodes messages and decodes bodies, each with the serializer that is due.

    A message is written by the serializer that its class names, else by the default. A body
    is read by the one that wrote it, so that a choice may change while bodies are stored.

    One instance serves every thread: two that meet a class first both compile it, and
    either codec is as good.

    Args:
        serializers: Serializer name to instance; None: every installed one.
        default: Name of the serializer that writes messages whose class names none.
        allowed: Names of serializers that need permission and have it.
        registry: Where class names found in bodies are looked up.

    Raises:
        UnknownPluginError: ``default`` or ``allowed`` names none of the serializers.
        SerializationError: The default needs permission and has none.
    """

    def __init__(
        self,
        serializers: Mapping[str, Serializer] | None = None,
        *,
        default: str = "json",
        allowed: Iterable[str] = (),
        registry: MessageRegistry = MESSAGE_CLASSES,
    ) -> None:
        if serializers is None:
            serializers = {name: cls() for name, cls in installed_plugins().serializers().items()}
        self._serializers = serializers
        self._allowed = frozenset(allowed)
        self._default = default
        for name in (*self._allowed, default):
            self._permitted(name)
        self._registry = registry
        self._check_class: Callable[[str], None] | None = None
        self._encoders: dict[type, tuple[str, str, Codec, Extractor | None]] = {}
        self._decoders: dict[tuple[str, str], tuple[type, Codec]] = {}

    @property
    def default(self) -> str:
        """Name of the serializer that writes messages whose class names none."""
        return self._default

    @property
    def allowed(self) -> frozenset[str]:
        """Names of serializers that need permission and have it."""
        return self._allowed

    def use_keys(self, secret: Callable[[str], bytes]) -> None:
        """Give the serializers their keys; call this before the first message.

        Args:
            secret: Name to secret bytes, such as ``Store.secret``.
        """
        for name, serializer in self._serializers.items():
            serializer.use_key(partial(secret, name))

    def ask_before_first(self, check_class: Callable[[str], None]) -> None:
        """Have somebody agree to each class before its first message is written.

        Args:
            check_class: Takes the name of the class and raises, such as ``Store.check_class``.
        """
        self._check_class = check_class

    def check(self, message_class: type) -> None:
        """Make sure that the serializer which writes messages of a class can be used here.

        Raises:
            UnknownPluginError: It is not installed.
            SerializationError: It is not allowed.
        """
        self._writer_of(message_class)

    def encode(self, message: object) -> Body:
        """Return the message as a body; None becomes the empty body.

        Raises:
            SerializationError: It is no message, holds a value that cannot be kept, or its
                class names a serializer that is not allowed.
            StoreError: The store cannot keep messages of its class.
            UnknownPluginError: Its class names a serializer that is not installed.
        """
        if message is None:
            return EMPTY_BODY
        message_class = type(message)
        known = self._encoders.get(message_class)
        if known is None:
            known = self._compile_encoder(message_class)
        name, serializer, codec, extract = known
        if extract is None:
            return Body(name, serializer, codec.encode(message))
        return Body(name, serializer, codec.encode(message), 0, extract(message))

    def decode(self, body: Body) -> object:
        """Return the message of a body; None for the empty body.

        Raises:
            UnknownMessageClassError: No loaded module defines the class.
            SerializationError: The bytes do not fit the class, or their serializer is not allowed.
            UnknownPluginError: Their serializer is not installed.
        """
        if not body.class_name:
            return None
        message_class = self._registry.get(body.class_name)
        key = (body.class_name, body.serializer)
        known = self._decoders.get(key)
        if known is None or known[0] is not message_class:
            known = (message_class, self._permitted(body.serializer, body.class_name).codec_for(message_class))
            self._decoders[key] = known
        message = known[1].decode(body.payload)
        if body.body_id:
            set_iris_id(message, str(body.body_id))
        return message

    def with_search_fields(self, body: Body) -> Body:
        """Return a stored body with the values that it can be found by, as ``encode`` gives it.

        Raises:
            UnknownMessageClassError: No loaded module defines the class.
            SerializationError: It cannot be read.
        """
        if not body.class_name:
            return body
        extract = find_extractor(self._registry.get(body.class_name))
        return body if extract is None else body._replace(search=extract(self.decode(body)))

    def _compile_encoder(self, message_class: type) -> tuple[str, str, Codec, Extractor | None]:
        name = class_name_of(message_class)
        serializer = self._writer_of(message_class)
        if not serializer.accepts(message_class):
            if is_message_class(message_class):
                raise SerializationError(
                    f"the serializer {serializer.name!r} does not take messages of {name}. Name one for the class, "
                    f"as in 'class {message_class.__name__}(..., serializer=\"json\")'"
                )
            raise SerializationError(
                f"{name} is not a message: send an instance of a dataclass that derives from Message, a "
                "PydanticMessage, a PersistentMessage, or None"
            )
        known = (name, serializer.name, serializer.codec_for(message_class), find_extractor(message_class))
        self._registry.register(message_class)
        if self._check_class is not None:
            self._check_class(name)
        self._encoders[message_class] = known
        return known

    def _writer_of(self, message_class: type) -> Serializer:
        return self._permitted(chosen_serializer(message_class) or self._default, class_name_of(message_class))

    def _permitted(self, name: str, class_name: str = "") -> Serializer:
        kind = f"serializer of {class_name}" if class_name else "serializer"
        serializer = choose(kind, name, self._serializers)
        if serializer.needs_permission and name not in self._allowed:
            raise SerializationError(
                f"the {kind}, {name!r}, is not allowed in this production. If you trust all who can write to its "
                f"data, allow it: Production(..., allowed_serializers=({name!r},)) or .allow_serializers({name!r})"
            )
        return serializer

"""The family of errors that IoP raises on purpose.

Every class states what went wrong, carries the values it speaks of as
attributes, and builds a one-line text: what happened, with which value, what is
allowed, what to do.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import ClassVar


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return `` (did you mean 'x'?)`` for the closest known name, else an empty string."""
    close = get_close_matches(name, list(known), n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""


class IopError(Exception):
    """Base of every error that IoP raises on purpose.

    Attributes:
        retryable: True when the same call may succeed later without a change.
    """

    retryable: ClassVar[bool] = False


class ConfigurationError(IopError, ValueError):
    """Something the user wrote (a file, a production, a setting) is wrong."""


class SettingError(ConfigurationError):
    """A setting is declared or filled in a way that cannot work."""


class SettingsFileError(ConfigurationError):
    """A settings file is missing, cannot be run, or holds no usable production."""


class ProductionError(ConfigurationError):
    """A production is put together in a way that cannot work."""


class UnknownItemError(ProductionError, LookupError):
    """A name was used for which the production has no item.

    Args:
        name: The name that was asked for.
        known: The names that exist.
        used_by: Who asked (``"Router.Output"``); empty when not known.
    """

    def __init__(self, name: str, known: Iterable[str], used_by: str = "") -> None:
        self.name = name
        self.known = tuple(known)
        origin = f" (target of {used_by})" if used_by else ""
        super().__init__(
            f"no item named {name!r} in the production{origin}{did_you_mean(name, self.known)}; "
            f"items: {', '.join(self.known) or 'none'}"
        )


class PluginError(IopError):
    """A plug-in could not be loaded, or broke the contract of its hook."""


class UnknownPluginError(PluginError, LookupError):
    """No installed plug-in offers the name that was asked for.

    Args:
        kind: What was looked for, such as ``"serializer"``.
        name: The name that was asked for.
        known: The names that are installed.
        hint: Where to get it; empty when not known.
    """

    def __init__(self, kind: str, name: str, known: Iterable[str], hint: str = "") -> None:
        self.name = name
        installed = sorted(known)
        super().__init__(
            f"unknown {kind} {name!r}{did_you_mean(name, installed)}; "
            f"installed: {', '.join(installed) or 'none'}{'. ' + hint if hint else ''}"
        )


class SerializationError(IopError):
    """A message cannot be turned into bytes, or bytes into a message."""


class UnknownMessageClassError(SerializationError, LookupError):
    """The class named with a stored body was never loaded in this process."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(
            f"message class {name!r} is not known here. Classes are never imported by a name "
            "found in a message: import the module that defines it in the production's file"
        )


class DispatchError(IopError):
    """A component's handlers are declared in a way that cannot work."""


class NoHandlerError(DispatchError):
    """A component received a message that none of its handlers takes."""


class SendError(IopError):
    """A message could not be sent."""


class NotConnectedError(SendError):
    """A component tried to send while no engine runs it, or to an unset target."""


class RequestTimeoutError(SendError, TimeoutError):
    """No reply arrived in time; the request may still be handled.

    Args:
        target: The item that was asked.
        seconds: How long the caller waited.
    """

    def __init__(self, target: str, seconds: float) -> None:
        self.target = target
        self.seconds = seconds
        super().__init__(
            f"no reply from {target!r} within {seconds:g} s; the request stays stored and a late reply "
            "will be marked Discarded. Raise the timeout or look at the queue of that item"
        )


class RequestFailedError(SendError):
    """The item that was asked ended with an error instead of a reply.

    Args:
        target: The item that was asked.
        reason: The error text stored with the request.
    """

    def __init__(self, target: str, reason: str) -> None:
        self.target = target
        self.reason = reason
        super().__init__(f"request to {target!r} failed: {reason}")


class BackendError(IopError):
    """The place where a production runs refused or failed."""


class BackendUnavailableError(BackendError):
    """The backend cannot be reached or opened."""

    retryable = True


class ComponentStartError(BackendError):
    """An item could not be started.

    Args:
        item: Name of the item.
        reason: Why, in one line.
    """

    def __init__(self, item: str, reason: str) -> None:
        self.item = item
        self.reason = reason
        super().__init__(f"item {item!r} could not start: {reason}")


class StoreError(BackendError):
    """The store cannot keep or read messages; what was stored before stays."""


class StoreFullError(StoreError):
    """There is no room to store more; new input is refused until there is."""

    retryable = True


class StoreLockedError(StoreError):
    """Another process owns the data directory."""


class MissingPackageError(IopError, ImportError):
    """A feature lives in a package that is not installed.

    Args:
        what: The feature that was asked for.
        distribution: What to install.
    """

    def __init__(self, what: str, distribution: str) -> None:
        self.distribution = distribution
        super().__init__(f"{what} needs the package {distribution!r}. Install it with: pip install {distribution}")

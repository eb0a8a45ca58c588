"""The family of errors that IoP raises on purpose.

Every class states what went wrong, carries the values it speaks of as
attributes, and builds a one-line text: what happened, with which value, what is
allowed, what to do.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return `` (did you mean 'x'?)`` for the closest known name, else an empty string."""
    from difflib import get_close_matches  # slow to import, and only needed when something is wrong

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


class SettingTypeError(SettingError, TypeError):
    """A setting is declared with an argument of the wrong type."""


class SettingsMetadataError(SettingError, RuntimeError):
    """The settings of a class cannot be described.

    Args:
        class_name: Module and name of the class.
        setting: Name of the setting that is wrong.
        reason: Why, in one line.
    """

    def __init__(self, class_name: str, setting: str, reason: object) -> None:
        self.setting = setting
        super().__init__(f"Failed to build settings metadata for {class_name}: setting {setting!r}: {reason}")


class SettingsFileError(ConfigurationError):
    """A settings file is missing, cannot be run, or holds no usable production."""


class ProductionError(ConfigurationError):
    """A production is put together in a way that cannot work."""


class ProductionTypeError(ProductionError, TypeError):
    """A production was given something of the wrong type."""


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
        shown = ", ".join(self.known[:20]) + (f" and {len(self.known) - 20} more" if len(self.known) > 20 else "")
        super().__init__(
            f"Production item does not exist: {name}{origin}{did_you_mean(name, self.known)}; items: {shown or 'none'}"
        )


class UnknownPortError(ProductionError, AttributeError):
    """An item was asked for a port that it does not have.

    Args:
        item: Name of the item.
        port: The port that was asked for.
        known: The ports that the item has.
    """

    def __init__(self, item: str, port: str, known: Iterable[str]) -> None:
        self.item = item
        self.port = port
        self.known = tuple(known)
        super().__init__(
            f"item {item!r} has no attribute or port {port!r}{did_you_mean(port, self.known)}; ports: "
            f"{', '.join(self.known) or 'none'}. For a port that its class does not declare use .port({port!r})"
        )


class UnconnectedPortError(ProductionError):
    """A port was used that leads to no item.

    Args:
        port: The port, as ``"Item.Port"``.
        known: The ports that exist, in the same form.
        target: The item it was expected to lead to; empty for any.
    """

    def __init__(self, port: str, known: Iterable[str] = (), target: str = "") -> None:
        self.port = port
        self.target = target
        known = tuple(known)
        hint = "" if port in known else did_you_mean(port, known)
        route = f"{port} -> {target}" if target else port
        super().__init__(f"Production target setting is not connected: {route}{hint}. Connect it with prod.connect()")


class AmbiguousPortError(ProductionError):
    """One item was wanted, and the port leads to several.

    Args:
        port: The port, as ``"Item.Port"``.
        targets: The items it leads to.
    """

    def __init__(self, port: str, targets: Iterable[str]) -> None:
        self.port = port
        self.targets = tuple(targets)
        super().__init__(
            f"Production target setting is ambiguous: {port} resolves to multiple targets {self.targets!r}. "
            "Name one of them"
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


class MessageDefinitionError(SerializationError, TypeError):
    """A message class is declared in a way that cannot be stored and read back."""


class MessageFieldError(SerializationError, TypeError):
    """A message with declared fields got one that is missing, unknown, or of the wrong type."""


class MessageValueError(SerializationError, ValueError):
    """A field of a message holds a value that its declaration forbids: null, too long, out of range."""


class PersistentMessageError(SerializationError):
    """The class on IRIS says which Python class it stands for, and that one cannot be used."""


class IrisNameError(ConfigurationError):
    """The name of a class on IRIS is malformed, or already stands for another class."""


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


class MessageTypeError(DispatchError, TypeError):
    """Something else than a message class or its name was given to ``handler``.

    Args:
        given: What was given.
    """

    def __init__(self, given: object) -> None:
        self.given = given
        super().__init__(
            f"{given!r} is not a message class or the name of one; give a subclass of Message or of a pydantic model, "
            "or a name with its module such as 'orders.messages.CreateOrder'"
        )


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


class ReplyRefusedError(IopError):
    """The ReplyCodeActions of an operation take its reply, or that there is none, for a failure.

    Args:
        item: Name of the operation.
        codes: What it said of the reply; ``X``: there was none.
    """

    def __init__(self, item: str, codes: Iterable[str] = ("X",)) -> None:
        super().__init__(f"ReplyCodeActions of {item!r} take its reply, or none, as failure (code {', '.join(codes)})")


class FailureTimeoutError(IopError):
    """An operation tried a message again until its FailureTimeout was over.

    Args:
        attempts: How many tries it made.
        seconds: The FailureTimeout.
        last: The error of the last try, in one line; empty when that had none.
    """

    def __init__(self, attempts: int, seconds: float, last: str = "") -> None:
        self.attempts = attempts
        self.seconds = seconds
        self.last = last
        tries = "1 try" if attempts == 1 else f"{attempts} tries"
        super().__init__(
            f"FailureTimeout exceeded: {tries}, none more fits into {seconds:g} s; last: {last or 'asked for a retry'}"
        )


class SyncDeadlockError(SendError):
    """A synchronous request was not sent, because it and others would wait for each other for ever.

    Args:
        target: The item that was asked.
        path: Queues of which each waits for the next; the last one is there before.
    """

    def __init__(self, target: str, path: Iterable[str]) -> None:
        self.target = target
        self.path = tuple(path)
        super().__init__(
            f"deadlock: a synchronous request to {target!r} would wait for ever, because all jobs wait for each other: "
            f"{' -> '.join(self.path)}. Send it asynchronously, or give one of these a larger pool"
        )


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


class WorkerProcessDiedError(BackendError):
    """A child process that handled messages of an item ended though nobody stopped it.

    Args:
        item: Name of the item.
        reason: Which one, and how it ended.
    """

    def __init__(self, item: str, reason: str) -> None:
        self.item = item
        self.reason = reason
        super().__init__(f"{reason} (item {item!r})")


class SharedJobsError(ConfigurationError):
    """A process cannot be stopped or disabled alone, because it shares its jobs with others.

    Args:
        item: Name of the item.
        others: Names of the processes it shares them with.
    """

    def __init__(self, item: str, others: Iterable[str]) -> None:
        self.item = item
        self.others = tuple(others)
        shared = f" with {', '.join(self.others)}" if self.others else ""
        super().__init__(
            f"process {item!r} cannot be stopped, disabled or scheduled alone: with pool size 0 it shares the jobs of "
            f"the actor pool{shared}. Give it jobs of its own: pool_size=1"
        )


class MessageControlError(BackendError):
    """An operator asked for something that cannot be done to stored messages; nothing was done."""


class StoreError(BackendError):
    """The store cannot keep or read messages; what was stored before stays."""


class StoreFullError(StoreError):
    """There is no room to store more; new input is refused until there is."""

    retryable = True


class StoreUnwritableError(StoreError):
    """The disk refuses to take more; new input is refused until it does."""

    retryable = True


class StoreLockedError(StoreError):
    """Another process owns the data directory."""


class DeploymentError(ConfigurationError):
    """Something cannot be deployed as it is."""


class UnknownDeploymentError(DeploymentError, LookupError):
    """Nothing of that name is deployed or registered.

    Args:
        kind: What was asked for: ``production`` or ``class``.
        name: The name that was asked for.
        known: The names that exist.
    """

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        self.name = name
        self.known = tuple(known)
        shown = ", ".join(self.known[:20]) + (f" and {len(self.known) - 20} more" if len(self.known) > 20 else "")
        state = "deployed" if kind == "production" else "registered"
        super().__init__(
            f"no {kind} {name!r} is {state}{did_you_mean(name, self.known)}; {state}: {shown or 'none'}. "
            "'iop migrate FILE' deploys what a settings file holds"
        )


class ComponentInUseError(DeploymentError, RuntimeError):
    """A registered class cannot be removed because items have it.

    Args:
        name: Its name on IRIS.
        users: Pairs (production, item).
    """

    def __init__(self, name: str, users: Iterable[tuple[str, str]]) -> None:
        self.name = name
        self.users = tuple(users)
        items = ", ".join(f"{production}/{item}" for production, item in self.users)
        super().__init__(f"{name!r} is in use by {items}; remove these items, or give them another class, first")


class PlanError(ProductionError):
    """A change plan, or the backup of one, cannot be used here: edited, incomplete, or for something else."""


class UnsupportedByBackendError(BackendError, NotImplementedError):
    """The place where a production runs cannot do this at all."""


class LifeCycleError(BackendError, RuntimeError):
    """What runs now is not what a life-cycle call was meant for."""


class RefusedTestError(BackendError, RuntimeError):
    """A test message was sent to a production that does not allow them."""


class PermissionNeededError(BackendError, RuntimeError):
    """A call that can destroy something was made without saying that this is wanted."""


class PlanConflictError(BackendError, RuntimeError):
    """What is deployed changed after the plan was made.

    Args:
        production: Name of the production.
        differences: What the plan would say now and does not, or the other way round.
    """

    def __init__(self, production: str, differences: Iterable[str]) -> None:
        self.production = production
        self.differences = tuple(differences)
        shown = "; ".join(self.differences[:10]) or "nothing that the plan is about"
        more = f" and {len(self.differences) - 10} more" if len(self.differences) > 10 else ""
        super().__init__(
            "Cannot apply production plan: current IRIS production changed since the plan was created. "
            f"Differences in {production!r}: {shown}{more}. Make a new plan with prod.plan() and review it"
        )


class PlanApplyError(BackendError, RuntimeError):
    """The place where a production runs did not accept a plan.

    Args:
        reason: What it said.
        result: The ``ProductionApplyResult``: what became of each operation.
        backup_path: Folder of the backup that was made before.
    """

    def __init__(self, reason: str, result: object, backup_path: str) -> None:
        self.reason = reason
        self.result = result
        self.backup_path = backup_path
        super().__init__(f"{reason}. If anything was changed, take it back with: {rollback_call(backup_path)}")


def rollback_call(backup_path: str) -> str:
    """Return the Python call that restores a backup."""
    return f"Production.rollback_backup({backup_path!r}, allow_destructive=True)"


class MissingPackageError(IopError, ImportError):
    """A feature lives in a package that is not installed.

    Args:
        what: The feature that was asked for.
        distribution: What to install.
    """

    def __init__(self, what: str, distribution: str) -> None:
        self.distribution = distribution
        super().__init__(f"{what} needs the package {distribution!r}. Install it with: pip install {distribution}")

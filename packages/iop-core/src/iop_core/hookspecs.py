"""Every hook that IoP calls.

All of these are provider hooks: they answer "what do you have?". What is used is
always chosen by name, never by the order of plug-ins.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from iop_core.backends import Backend
    from iop_core.checkups import Checkup
    from iop_core.commands import CommandEntry
    from iop_core.exporters import Exporter
    from iop_core.serializers import Serializer
    from iop_core.stores import Store

hookspec = pluggy.HookspecMarker("iop")
hookimpl = pluggy.HookimplMarker("iop")


@hookspec
def iop_serializers() -> Iterable[type[Serializer]]:
    """Offer serializers.

    Called once, when a serializer is first needed; built-ins answer too.

    Returns:
        Classes, each with a unique ``name``. Nothing to offer: an empty list.

    Raises:
        Nothing: an exception here is reported as PluginError with the plug-in's name.

    .. versionadded:: iop-core 0.1
    """
    return ()


@hookspec
def iop_backends() -> Iterable[type[Backend]]:
    """Offer places where productions run.

    Called once, when a director is first made.

    Returns:
        Classes, each with a unique ``name``, which is the scheme of its URLs.

    Raises:
        Nothing: an exception here is reported as PluginError with the plug-in's name.

    .. versionadded:: iop-core 0.1
    """
    return ()


@hookspec
def iop_stores() -> Iterable[type[Store]]:
    """Offer stores for engines that run in Python.

    Called once, when an engine first opens a store.

    Returns:
        Classes, each with a unique ``name``.

    Raises:
        Nothing: an exception here is reported as PluginError with the plug-in's name.

    .. versionadded:: iop-core 0.1
    """
    return ()


@hookspec
def iop_components() -> Mapping[str, type]:
    """Offer Python classes for component and adapter classes that are named by text.

    Called once, when an engine first meets an item or adapter without a Python class.

    Returns:
        Name as users write it in a production (``"Ens.InboundAdapter"``) to the class.

    Raises:
        Nothing: an exception here is reported as PluginError with the plug-in's name.

    .. versionadded:: iop-core 0.1
    """
    return {}


@hookspec
def iop_commands() -> Iterable[CommandEntry]:
    """Offer sub-commands of ``iop``.

    Called once at the start of the command line. Must be cheap: an entry only says
    where the command lives.

    Returns:
        Entries, each with a unique ``name``.

    Raises:
        Nothing: an exception here is reported as PluginError with the plug-in's name.

    .. versionadded:: iop-core 0.1
    """
    return ()


@hookspec
def iop_exporters() -> Iterable[type[Exporter]]:
    """Offer formats that productions can be written in.

    Called once, when a production is first exported by the name of a format.

    Returns:
        Classes, each with a unique ``name``, made without arguments.

    Raises:
        Nothing: an exception here is reported as PluginError with the plug-in's name.

    .. versionadded:: iop-core 0.1
    """
    return ()


@hookspec
def iop_checkups() -> Iterable[Checkup]:
    """Offer checks of an installation and of its data, for ``iop doctor``.

    Called once, by ``iop doctor``.

    Returns:
        Checkups, each with a unique ``name``. One that raises is reported as a fault of its
        plug-in, and the others are asked all the same.

    Raises:
        Nothing: an exception here is reported as PluginError with the plug-in's name.

    .. versionadded:: iop-core 0.1
    """
    return ()

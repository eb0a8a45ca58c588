"""From what is deployed to what an engine runs, without the settings file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256

from iop_core.backends import Backend
from iop_core.definitions import ProductionDefinition
from iop_core.deployments import PERSISTENT_MESSAGE, ComponentRegistration, DeploymentReader
from iop_core.errors import UnknownDeploymentError
from iop_core.persistent.classes import register_persistent_message_class
from iop_director.registered_classes import load_class
from iop_production import ComponentRef, Production
from iop_production.item_options import ItemChanges, Kind

# Which kind of item a class makes, by the ending of the class of IoP that it derives from.
_KINDS: dict[str, Kind] = {"Service": "service", "Process": "process", "Operation": "operation"}


@dataclass(frozen=True, slots=True)
class DeployedProduction:
    """A deployed production as a place to read it from, as often as needed.

    Attributes:
        backend: Where it is deployed.
        name: Its name.
    """

    backend: Backend
    name: str

    def read(self) -> ProductionDefinition:
        """Return it as it is deployed now; for the rest as ``load_definition``."""
        return load_definition(self.backend.deployments(), self.name)

    def fingerprint(self) -> dict[str, str]:
        """Return the fingerprint of what is deployed, for ``RunOptions``; nothing is imported.

        Files of classes are no part of it: a class that is loaded stays the same in an update.
        """
        label = f"the deployed production {self.name!r}"
        deployments = self.backend.deployments()
        try:
            export, options = deployments.export_production(self.name), deployments.options(self.name)
        except UnknownDeploymentError:
            return {label: ""}
        (body,) = export.values()
        used = {str(item.get("@ClassName", "")).lower() for item in body.get("Item", ())}
        components = [found for found in deployments.components() if found.iris_name.lower() in used]
        used |= {found.adapter.lower() for found in components}
        components = [found for found in deployments.components() if found.iris_name.lower() in used]
        content = [export, asdict(options), [asdict(found) for found in components]]
        return {label: sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()}


def load_definition(deployments: DeploymentReader, name: str) -> ProductionDefinition:
    """Return the definition of a deployed production, with its Python classes loaded.

    Only classes that are registered are imported: those of the items, their adapters, and
    the persistent messages registered from the same folders. Other classes stay names, which
    an engine may know through a plug-in.

    Args:
        deployments: What a backend keeps, such as ``director.backend.deployments()``.
        name: Name of the production.

    Raises:
        UnknownDeploymentError: None of that name is deployed.
        DeploymentError: A registered class cannot be loaded.
        ProductionError: What is deployed cannot be run, such as a pool size that is no number.

    Example:
        >>> from iop_director import Director
        >>> backend = Director("local:").backend  # doctest: +SKIP
        >>> load_definition(backend.deployments(), "Demo.Orders").items[0].component_class  # doctest: +SKIP
        <class 'orders.FileService'>
    """
    return load_production(deployments, name).definition()


def load_production(deployments: DeploymentReader, name: str) -> Production:
    """Return a deployed production with its Python classes loaded; for the rest as ``load_definition``."""
    production = Production.from_dict(deployments.export_production(name))
    options = deployments.options(name)
    production.serializer, production.allowed_serializers = options.serializer, options.allowed_serializers
    registrations = {found.iris_name.lower(): found for found in deployments.components()}
    used = [registrations[key] for ref in production.items if (key := ref.class_name.lower()) in registrations]
    used += [registrations[key] for found in used if (key := found.adapter.lower()) in registrations]
    attach_classes(production, registrations, {found.iris_name.lower(): load_class(found) for found in used})
    _load_messages(registrations.values(), {found.path for found in used})
    return production


def attach_classes(
    production: Production, registrations: Mapping[str, ComponentRegistration], classes: Mapping[str, type]
) -> None:
    """Give the items of an imported production their Python classes.

    Args:
        production: Its items have IRIS classes only.
        registrations: What is registered, by the name on IRIS in lower case.
        classes: The loaded classes, by the same names.
    """
    for ref in production.items:
        key = ref.class_name.lower()
        if key in registrations and key in classes:
            _attach(production, ref, registrations[key], classes)


def _attach(
    production: Production, ref: ComponentRef, registration: ComponentRegistration, classes: Mapping[str, type]
) -> None:
    changes: ItemChanges = {
        "component_class": classes[ref.class_name.lower()],
        "class_name": ref.class_name,
        "adapter_class": classes.get(registration.adapter.lower()),
        "adapter_class_name": registration.adapter,
    }
    for ending, kind in _KINDS.items():
        if registration.kind.endswith(ending):
            changes["kind"] = kind
    production.update_component(ref, **changes)


def _load_messages(registrations: Iterable[ComponentRegistration], paths: set[str]) -> None:
    for registration in registrations:
        if registration.kind == PERSISTENT_MESSAGE and registration.path in paths:
            register_persistent_message_class(load_class(registration), registration.iris_name)

"""The Production: items and the routes between them, written in plain Python."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from os import PathLike
from pathlib import Path
from typing import Any, cast

from typing_extensions import Self

from iop_core.definitions import ProductionDefinition
from iop_core.errors import ProductionTypeError
from iop_production.apply_result import ProductionApplyResult
from iop_production.applying import REMOTE_APPLY, apply_plan
from iop_production.backup import DEFAULT_FOLDER
from iop_production.change_plan import ProductionChangePlan
from iop_production.comparison import compare_productions
from iop_production.definition import define_production
from iop_production.deployed import Deployed, export_deployed
from iop_production.diff import ProductionDiff
from iop_production.directed_production import DirectedProduction
from iop_production.directors import director_of, refuse_remote
from iop_production.drafts import draft_class, draft_python
from iop_production.export import export_production
from iop_production.importing import import_production
from iop_production.loose_data import mapping_of, shown
from iop_production.plan_building import build_plan
from iop_production.production_fields import check_production_name
from iop_production.reading import production_body
from iop_production.rollback import restore_backup
from iop_production.source_routes import infer_source_routes
from iop_production.synchronization import sync_production
from iop_production.validation import validate_production
from iop_production.validation_report import ProductionValidationReport
from iop_production.verify_result import ProductionVerifyResult
from iop_production.verifying import verify_plan
from iop_production.xml_text import parse_xml, render_xml


class Production(DirectedProduction):
    """Items and the routes between them.

    Items can be added to an instance, or declared as class attributes of a subclass;
    both give the same production. The fluent methods (``testing`` and its like) change
    the production and return it.

    Its fields and the arguments to make one are those of ``ProductionFields``; how items are
    added and connected is in ``Topology``, how it is run in ``DirectedProduction``.

    Raises:
        ProductionError: There is no name, or a declared item cannot work.

    Example:
        >>> from iop_production import OperationItem, Route, ServiceItem
        >>> prod = Production("Demo.Production").testing()
        >>> out = prod.operation("FileOut", class_name="EnsLib.File.PassthroughOperation")
        >>> file = prod.service("FileIn", class_name="EnsLib.File.PassthroughService")
        >>> prod.connect(file.port("TargetConfigNames"), out)
        >>> print(prod.graph())
        Demo.Production
          FileOut [EnsLib.File.PassthroughOperation]
          FileIn [EnsLib.File.PassthroughService]
            TargetConfigNames -> FileOut
    """

    @classmethod
    def from_dict(
        cls,
        data: Mapping[str, Any],
        *,
        connections: object = None,
        queue_info: object = None,
        namespace: str | None = None,
        director: object = None,
        source_roots: Iterable[str | PathLike[str]] = (),
    ) -> Self:
        """Return the production that an exported dictionary describes.

        Nothing is imported, and no file is read but those below ``source_roots``: items have
        the names of their classes, and no Python classes. What a subclass declares is left
        out. What cannot be used is in ``graph().warnings``.

        Args:
            data: What ``to_dict()`` gives, or ``{"Production": {...}}``.
            connections: What a running production reports about its routes: the dictionary
                that IRIS gives, ``{item: [targets]}``, or a list of edges. None: not asked.
            queue_info: Counters of the queues, by item or as a list; kept for ``queue()``.
            namespace: Namespace it was exported from.
            director: Director for life-cycle calls.
            source_roots: Folders and files of Python and ObjectScript source in which sends
                are looked for; they become ``inferred`` edges. Left out: no source is read.

        Raises:
            ProductionTypeError: The data is no such dictionary, or ``source_roots`` no list.
            ProductionError: The production has no name, or a source root does not exist.

        Example:
            >>> data = {"Demo.P": {"Item": {"@Name": "Out", "@ClassName": "EnsLib.File.PassthroughOperation"}}}
            >>> Production.from_dict(data).item("Out").kind
            'operation'
        """
        name, body = production_body(data)
        production = cls.__new__(cls)
        production.name = check_production_name(cls, name)
        production._clear()
        production._queues, production._warnings = import_production(
            production, production._items, production._routes, body, connections=connections, queue_info=queue_info
        )
        production._warnings += infer_source_routes(production._items.by_name, production._routes, source_roots)
        production.namespace, production.director = namespace, director
        return production

    @classmethod
    def from_xml(cls, text: str | bytes) -> Self:
        """Return the production that XML of IRIS describes; for the rest as ``from_dict``.

        Raises:
            ProductionError: The XML cannot be read, has a document type, or is no production.
        """
        return cls.from_dict(parse_xml(text))

    @classmethod
    def from_iris(
        cls,
        name: str,
        *,
        namespace: str | None = None,
        director: object = None,
        source_roots: Iterable[str | PathLike[str]] = (),
    ) -> Self:
        """Return a deployed production, with the routes that it reports while it runs.

        Args:
            name: Name of the production.
            namespace: Namespace it is in; kept for later calls.
            director: Director to ask: its ``export_production`` and, where it has it,
                ``export_production_connections`` are called. None: one for the default place.
            source_roots: As for ``from_dict``.

        Raises:
            ConfigurationError: There is no director, or it cannot export productions.
        """
        director = director_of(director, namespace)
        found = export_deployed(director, name)
        return cls._of_deployed(found, namespace=namespace, director=director, source_roots=source_roots)

    @classmethod
    def _of_deployed(cls, found: Deployed, **options: Any) -> Self:
        production = cls.from_dict(found.data, connections=found.connections, **options)
        production._warnings += found.warnings
        return production

    def to_mermaid(self, direction: str = "LR") -> str:
        """Return the graph as a Mermaid flowchart; ``direction`` as for ``ProductionGraph.to_mermaid``."""
        return self.graph().to_mermaid(direction)

    def to_dict(self) -> dict[str, dict[str, Any]]:
        """Return the production as the dictionary that IRIS exports: ``{name: {...}}``, all values text."""
        return export_production(self)

    def diff(self, other: Production | Mapping[str, Any] | None = None) -> ProductionDiff:
        """Return what has to change in another production to make it this one.

        What is deployed counts: fields, items, settings and routes. A route is one entry, with
        its targets in the order in which they are set.

        Args:
            other: A production, or an exported dictionary. None: the deployed production of
                this name, from the director.

        Raises:
            ConfigurationError: None, and there is no director that can export productions.
            ProductionTypeError: Something else.

        Example:
            >>> print(Production("Demo.P", shutdown_timeout=300).diff(Production("Demo.P")))
            Production diff: Demo.P
              change production production.shutdown_timeout: '120' -> '300'
        """
        return compare_productions(self, self._other(other), edges=False)

    def graph_diff(self, other: Production | Mapping[str, Any] | None = None) -> ProductionDiff:
        """Return what ``diff`` does, and where routes are known from and how they are used, too."""
        return compare_productions(self, self._other(other), edges=True)

    def _other(self, other: object) -> Production:
        if other is None:
            return type(self).from_iris(self.name, namespace=self.namespace, director=self.director)
        if isinstance(other, Production):
            return other
        if isinstance(other, Mapping):
            return Production.from_dict(mapping_of(cast("object", other)))
        raise ProductionTypeError(f"other must be a Production, production dictionary, or None; got {shown(other)}")

    def plan(self, other: Production | Mapping[str, Any] | None = None) -> ProductionChangePlan:
        """Return the operations that make another production what this one is.

        Nothing is changed. What is deployed and not in this production becomes an operation
        that needs permission; it is never removed silently.

        Args:
            other: As for ``diff``; None: what is deployed, nothing if it is not deployed yet.

        Raises:
            ConfigurationError: None, and there is no director that can export productions.
            ProductionTypeError: Something else.

        Example:
            >>> print(Production("Demo.P").plan({"Demo.P": {"Item": {"@Name": "Old"}}}).operations[0])
            0001-delete_item delete_item items.Old [destructive]: item deletion is destructive
        """
        if other is not None:
            return build_plan(self, self._other(other))
        director = director_of(self.director, self.namespace)
        found = export_deployed(director, self.name, missing_ok=True)
        current = type(self)._of_deployed(found, namespace=self.namespace, director=director)
        return build_plan(self, current)

    def apply(
        self,
        plan: ProductionChangePlan | None = None,
        *,
        allow_destructive: bool = False,
        backup_dir: str | Path = DEFAULT_FOLDER,
        root_path: str | Path | None = None,
        update: bool = True,
        actor: str | None = None,
        reason: str = "",
        dry_run: bool = False,
    ) -> ProductionApplyResult:
        """Apply a plan to what is deployed, after a backup of it.

        Args:
            plan: A plan that was made from this production. None: one that is made now.
            allow_destructive: Whether items, settings and routes may be removed and classes
                replaced.
            backup_dir: Folder in which the backup gets a folder of its own.
            root_path: Folder that classes of new items are imported from; None: found by
                their modules.
            update: Whether this production takes over the changes if it is the current one.
            actor: Who asks for it, for the records; None: the user of this process.
            reason: Why, for the records.
            dry_run: True: only check everything, and say what would become of each operation.

        Returns:
            What became of each operation. Without any that is allowed nothing happens, and
            there is no backup.

        Raises:
            UnsupportedByBackendError: The director works on another machine.
            PlanError: The plan is for something else, or was edited.
            PlanConflictError: What is deployed changed since the plan was made.
            PlanApplyError: The director did not accept the plan; it has the result so far and
                the backup.
        """
        refuse_remote(director_of(self.director, self.namespace), REMOTE_APPLY)
        return apply_plan(
            self,
            self.plan() if plan is None else plan,
            allow_destructive=allow_destructive,
            backup_dir=backup_dir,
            root_path=root_path,
            update=update,
            actor=actor,
            reason=reason,
            dry_run=dry_run,
        )

    def sync(self, *, root_path: str | PathLike[str] | None = None, update: bool = True) -> None:
        """Deploy this production in place of what is deployed, and register its Python classes.

        Mistakes become warnings, as in ``validate()``. There is no backup; ``apply`` makes one.

        Args:
            root_path: Folder that classes are imported from; None: found by their modules.
            update: Whether this production takes over the changes if it is the current one.

        Raises:
            UnsupportedByBackendError: The director works on another machine.
            ConfigurationError: There is no director, or it cannot deploy.
        """
        self.validate()
        sync_production(self, root_path=root_path, update=update)

    def verify(
        self, plan: ProductionChangePlan, *, result: ProductionApplyResult | None = None
    ) -> ProductionVerifyResult:
        """Return whether what a plan wants is deployed.

        Args:
            plan: The plan.
            result: What ``apply`` returned; operations that it calls applied have to be found,
                also those that needed permission. None: only the safe ones have to be.

        Raises:
            PlanError: The plan is for another production.
            ConfigurationError: There is no director that can export productions.
        """
        return verify_plan(self, plan, result)

    @staticmethod
    def rollback_backup(
        path: str | Path,
        *,
        director: object = None,
        namespace: str | None = None,
        allow_destructive: bool = False,
        update: bool = True,
        actor: str | None = None,
        reason: str = "",
    ) -> ProductionVerifyResult:
        """Restore a production as it was before a plan was applied.

        What is replaced is backed up first, in a folder beside the one that is restored.

        Args:
            path: Folder of the backup.
            director: Where to restore it; None: the default place.
            namespace: Namespace to restore it in; None: the one it was in.
            allow_destructive: Has to be True: everything that was deployed since is replaced.
            update: Whether the production takes over what is restored if it is the current one.
            actor: Who asks for it, for the records; None: the user of this process.
            reason: Why; empty: which backup it is.

        Returns:
            One operation, ``rollback``: converged when the deployed production is as it was.

        Raises:
            PermissionNeededError: Without ``allow_destructive=True``.
            PlanError: The backup is incomplete, was changed, or is of another namespace.
        """
        return restore_backup(
            Production,
            path,
            director=director,
            namespace=namespace,
            allow_destructive=allow_destructive,
            update=update,
            actor=actor,
            reason=reason,
        )

    def validate(self, strict: bool = False) -> ProductionValidationReport:
        """Look for mistakes that can be found without running the production.

        Fields and settings are checked against what they can hold; names of settings, where
        the Python class of the item or of its adapter is known; routes for items that do
        not exist.

        Args:
            strict: False: each issue is a ``ProductionValidationWarning`` on the line that
                calls this. True: any issue is an error.

        Raises:
            ProductionValidationError: ``strict``, and there are issues, which are in its
                ``report``.

        Example:
            >>> prod = Production("Demo.P")
            >>> print(prod.validate(strict=True))
            Production validation: Demo.P
              no issues
        """
        return validate_production(self, strict=strict)

    def to_python(self) -> str:
        """Return Python source that builds this production, as a draft to review.

        Classes stand in it by their IRIS names. Run as it is, it makes a production without
        a ``diff`` to this one, in ``PRODUCTIONS``.
        """
        return draft_python(self)

    def to_class(self) -> str:
        """Return Python source that declares this production as a class; for the rest as ``to_python``."""
        return draft_class(self)

    def to_xml(self) -> str:
        """Return the production as the XML that IRIS imports.

        Raises:
            ProductionError: A text holds a character that XML cannot hold.
        """
        return render_xml(self.to_dict())

    def definition(self) -> ProductionDefinition:
        """Return the production as the plain data that an engine runs.

        Raises:
            ProductionError: A field holds text that is no number or no boolean.
        """
        return define_production(self)

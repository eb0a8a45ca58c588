"""Planned changes of settings and of routes, which are settings too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from typing_extensions import override

from iop_core.errors import PlanError
from iop_production.deployed_model import entries_of
from iop_production.loose_data import list_of
from iop_production.plan_operation import ProductionPlanOperation, Risk
from iop_production.target_lists import split_targets
from iop_production.texts import text_of

if TYPE_CHECKING:
    from iop_production.deployed_model import DeployedModel
    from iop_production.setting_entries import SettingEntries

OTHER = "Other"

_REMOVAL = "setting removal is destructive"
_ROUTE_REMOVAL = "route removal is destructive"
_NO_SETTING = "runtime-only route has no source setting to mutate"


@dataclass(frozen=True, kw_only=True, repr=False)
class SetSetting(ProductionPlanOperation):
    """Set a setting; or, with the target ``Other``, all that are neither for the host nor its adapter.

    Attributes:
        item: Name of the item; empty: the production itself.
        target: ``Host``, ``Adapter`` or ``Other``; of the production any text.
        setting: Name of the setting; empty for ``Other`` of an item.
    """

    op_type: ClassVar[str] = "set_setting"
    rank: ClassVar[int] = 4

    item: str
    target: str
    setting: str

    @property
    def is_whole_list(self) -> bool:
        """Whether it replaces all settings for other targets of an item."""
        return bool(self.item) and self.target == OTHER

    @property
    @override
    def reason(self) -> str:
        if not self.is_whole_list:
            return ""
        kept = {_key(entry) for entry in entries_of(self.after)}
        return _REMOVAL if any(_key(entry) not in kept for entry in entries_of(self.before)) else ""

    @override
    def target_keys(self) -> dict[str, str]:
        return {"item": self.item, "target": self.target, "setting": self.setting}

    @override
    def apply_to(self, model: DeployedModel) -> None:
        if self.is_whole_list:
            model.get_item(self.item).set_other_settings(self.after)
        elif self.item:
            model.get_item(self.item).settings.put(self.target, self.setting, text_of(self.after))
        else:
            model.put_setting(self.target, self.setting, text_of(self.after))

    @override
    def converged(self, model: DeployedModel) -> bool:
        if self.is_whole_list:
            found = model.find_item(self.item)
            wanted = {_key(entry): text_of(entry.get("#text")) for entry in entries_of(self.after)}
            return found is not None and found.other_settings() == wanted
        return _find_setting(model, self.item, self.target, self.setting) == text_of(self.after)


@dataclass(frozen=True, kw_only=True, repr=False)
class RemoveSetting(ProductionPlanOperation):
    """Remove a setting.

    Attributes:
        item: Name of the item; empty: the production itself.
        target: ``Host`` or ``Adapter``; of the production any text.
        setting: Name of the setting.
    """

    op_type: ClassVar[str] = "remove_setting"
    rank: ClassVar[int] = 6

    item: str
    target: str
    setting: str

    @property
    @override
    def reason(self) -> str:
        return _REMOVAL

    @override
    def target_keys(self) -> dict[str, str]:
        return {"item": self.item, "target": self.target, "setting": self.setting}

    @override
    def apply_to(self, model: DeployedModel) -> None:
        if self.item:
            model.get_item(self.item).settings.remove(self.target, self.setting)
        else:
            model.remove_setting(self.target, self.setting)

    @override
    def converged(self, model: DeployedModel) -> bool:
        return _find_setting(model, self.item, self.target, self.setting) is None


@dataclass(frozen=True, kw_only=True, repr=False)
class SetRouteSetting(ProductionPlanOperation):
    """Lead a port to items; ``before`` and ``after`` are lists of their names.

    Leading to fewer items than before is a removal. Without a port nothing can be set: such
    a route was only seen at run time.

    Attributes:
        source_item: Name of the item that the port is on.
        source_target_setting: Name of the port; empty for a route without one.
        text: The setting as it is written, when it is not just the names with commas between.
    """

    op_type: ClassVar[str] = "set_route_setting"
    rank: ClassVar[int] = 5

    source_item: str
    source_target_setting: str
    text: str = ""

    @property
    @override
    def risk(self) -> Risk:
        if not self.source_target_setting:
            return "unsupported"
        return "destructive" if self.reason else "safe"

    @property
    @override
    def reason(self) -> str:
        if not self.source_target_setting:
            return _NO_SETTING
        return _ROUTE_REMOVAL if len(list_of(self.after)) < len(list_of(self.before)) else ""

    @override
    def target_keys(self) -> dict[str, str]:
        text = {"text": self.text} if self.text else {}
        return {**_route_keys(self.source_item, self.source_target_setting), **text}

    @override
    def apply_to(self, model: DeployedModel) -> None:
        if not self.source_target_setting:
            raise PlanError(f"{self.path}: {_NO_SETTING}")
        text = self.text or ",".join(map(text_of, list_of(self.after)))
        model.get_item(self.source_item).settings.put("Host", self.source_target_setting, text)

    @override
    def converged(self, model: DeployedModel) -> bool:
        text = _find_setting(model, self.source_item, "Host", self.source_target_setting)
        return self.supported and text is not None and list(split_targets(text)) == list_of(self.after)


@dataclass(frozen=True, kw_only=True, repr=False)
class RemoveRoute(ProductionPlanOperation):
    """Remove the setting of a port.

    Attributes:
        source_item: Name of the item that the port is on.
        source_target_setting: Name of the port.
    """

    op_type: ClassVar[str] = "remove_route"
    rank: ClassVar[int] = 7

    source_item: str
    source_target_setting: str

    @property
    @override
    def reason(self) -> str:
        return _ROUTE_REMOVAL

    @override
    def target_keys(self) -> dict[str, str]:
        return _route_keys(self.source_item, self.source_target_setting)

    @override
    def apply_to(self, model: DeployedModel) -> None:
        model.get_item(self.source_item).settings.remove("Host", self.source_target_setting)

    @override
    def converged(self, model: DeployedModel) -> bool:
        return _find_setting(model, self.source_item, "Host", self.source_target_setting) is None


def _route_keys(item: str, port: str) -> dict[str, str]:
    # The last three say the same in the words of a setting.
    return {"source_item": item, "source_target_setting": port, "item": item, "target": "Host", "setting": port}


def _key(entry: object) -> tuple[str, str]:
    (found,) = entries_of(entry)
    return text_of(found.get("@Target")), text_of(found.get("@Name"))


def _find_setting(model: DeployedModel, item: str, target: str, setting: str) -> str | None:
    entries: SettingEntries | None = model.settings
    if item:
        found = model.find_item(item)
        entries = None if found is None else found.settings
    return None if entries is None else entries.find(target, setting)

"""The table of system default settings of one namespace."""

from __future__ import annotations

from typing import Protocol

from iop_core.setting_layers import DefaultSetting


class DefaultSettings(Protocol):
    """Keeps system default settings; what changes counts from the next start of an item on."""

    def all(self) -> list[DefaultSetting]:
        """Return every one, ordered by production, item, class and name.

        Raises:
            SettingError: What is stored cannot be read.
        """
        ...

    def put(self, default: DefaultSetting) -> None:
        """Write one, in place of the one with the same keys."""
        ...

    def remove(
        self,
        name: str,
        *,
        production: str = "*",
        item: str = "*",
        host_class: str = "*",
        actor: str = "",
        reason: str = "",
    ) -> bool:
        """Remove the one with exactly these keys; False when there is none. Actor and reason are for the audit."""
        ...

"""Whether an update would change something: what a production was read from is compared with what is there now."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from iop_core.backends import RunOptions
from iop_core.definitions import ProductionDefinition
from iop_core.errors import IopError


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading of a production.

    Attributes:
        definition: As it was read, without default settings.
        resolved: The same with them.
        fingerprint: Of what it was read from.
    """

    definition: ProductionDefinition
    resolved: ProductionDefinition
    fingerprint: Mapping[str, str]


class NeededUpdate:
    """Knows the reading that runs; no code of the production runs when it is asked.

    Args:
        definition: What runs from the beginning, as it was read.
        options: Where it can be read again, and the fingerprint of that place.
        resolve: Fills the default settings into a definition.
    """

    def __init__(
        self,
        definition: ProductionDefinition,
        options: RunOptions,
        resolve: Callable[[ProductionDefinition], ProductionDefinition],
    ) -> None:
        self._options = options
        self._resolve = resolve
        self._current = self.read(definition)

    def read(self, definition: ProductionDefinition) -> Reading:
        """Return what ``take_over`` takes once a definition runs that was read just now."""
        return Reading(definition, self._resolve(definition), self._fingerprint())

    def take_over(self, reading: Reading) -> None:
        """Go on from another reading, which runs now."""
        self._current = reading

    def message(self) -> str:
        """Return what was changed since it was read; empty: nothing, or nobody can read it again."""
        if self._options.read_again is None:
            return ""
        current = self._current
        try:
            now, resolved = self._fingerprint(), self._resolve(current.definition)
        except IopError as exc:
            return f"what the production is read from cannot be read now: {exc}"
        changed = [name for name, content in current.fingerprint.items() if now.get(name) != content]
        if resolved != current.resolved:
            changed.append("a default setting")
        if not changed:
            return ""
        end = "was changed since it was read" if len(changed) == 1 else "were changed since they were read"
        return f"{', '.join(changed)} {end}"

    def _fingerprint(self) -> Mapping[str, str]:
        return {} if self._options.fingerprint is None else self._options.fingerprint()

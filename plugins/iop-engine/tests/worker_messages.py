"""A message that the components of worker_components know nothing of."""

from __future__ import annotations

from dataclasses import dataclass

from iop import Message


@dataclass
class Parcel(Message):
    deed: str = ""
    text: str = ""

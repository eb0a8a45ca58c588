"""The message of all engine workloads: about 200 bytes of JSON."""

from __future__ import annotations

from dataclasses import dataclass

from iop_core import Message


@dataclass
class Order(Message):
    """Ten fields of the usual kinds."""

    number: int = 0
    patient: str = "4711-0815"
    name: str = "Doe, Jane"
    ward: str = "B12"
    code: str = "GLU"
    text: str = "Glucose in serum or plasma"
    priority: str = "routine"
    amount: float = 5.25
    is_fasting: bool = True
    comment: str = "please call when the result is above the limit"

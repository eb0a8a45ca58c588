"""What a caller who waited makes of the answer."""

from __future__ import annotations

from iop_core.bodies import BodyCodec
from iop_core.errors import RequestFailedError, RequestTimeoutError
from iop_core.stores import Delivery


def message_of(answer: Delivery | None, codec: BodyCodec, *, target: str, timeout_seconds: float) -> object:
    """Return the message of an answer; None for one without a message.

    Args:
        answer: What arrived; None when time ran out.
        codec: Reads its body.
        target: The item that was asked.
        timeout_seconds: How long the caller waited.

    Raises:
        RequestTimeoutError: No answer arrived.
        RequestFailedError: It tells of an error.
    """
    if answer is None:
        raise RequestTimeoutError(target, timeout_seconds)
    if answer.is_error:
        raise RequestFailedError(target, answer.error)
    return codec.decode(answer.body)

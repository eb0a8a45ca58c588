"""Fingerprints: whether two exported productions, or two plans, are the same."""

from __future__ import annotations

import hashlib
import json


def fingerprint_of(data: object) -> str:
    """Return the SHA-256 of data as compact JSON with sorted keys, in hexadecimal digits.

    The order of lists counts, that of keys does not. Values that JSON does not know count as
    their text.

    Example:
        >>> fingerprint_of({"a": 1, "b": 2}) == fingerprint_of({"b": 2, "a": 1})
        True
    """
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()

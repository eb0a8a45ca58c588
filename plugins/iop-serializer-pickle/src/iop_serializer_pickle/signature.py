"""The signature in front of stored bytes, made with the key of the store."""

from __future__ import annotations

import hashlib
import hmac

from iop_core.errors import SerializationError

SIZE_BYTES = hashlib.sha256().digest_size


def sign(content: bytes, key: bytes) -> bytes:
    """Return the content with its signature (HMAC-SHA256, RFC 2104) before it."""
    return hmac.digest(key, content, "sha256") + content


def verified(signed: bytes, key: bytes) -> bytes:
    """Return the content of signed bytes.

    Raises:
        SerializationError: They were not signed with this key, or changed since.
    """
    signature, content = signed[:SIZE_BYTES], signed[SIZE_BYTES:]
    if not hmac.compare_digest(signature, hmac.digest(key, content, "sha256")):
        raise SerializationError(
            f"a pickle of {len(signed)} bytes does not bear the signature of this store, so it was not opened: it was "
            "written elsewhere, was changed, or the key file beside the data is another one. Restore data and key "
            "together"
        )
    return content

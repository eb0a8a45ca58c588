"""Proving to each other that both ends know the token, without saying it."""

from __future__ import annotations

import hmac
import secrets
import socket

from iop_engine.control.frames import BrokenFrameError, receive_frame, send_frame

# The first word of both ends: what they speak, and its version.
GREETING = b"iop-control-1 "
NONCE_BYTES = 32
LARGEST_BYTES = 256
HANDSHAKE_SECONDS = 5.0


def welcome(connection: socket.socket, token: bytes) -> None:
    """Let a client in that knows the token; the part of the server.

    Raises:
        BrokenFrameError: It does not know it, or does not speak the protocol.
    """
    mine = secrets.token_bytes(NONCE_BYTES)
    send_frame(connection, GREETING + mine)
    answer = receive_frame(connection, wait_seconds=HANDSHAKE_SECONDS, largest_bytes=LARGEST_BYTES)
    theirs, proof = answer[:NONCE_BYTES], answer[NONCE_BYTES:]
    if not hmac.compare_digest(proof, _proof(token, b"client", mine, theirs)):
        raise BrokenFrameError("a client of the control socket does not know the token")
    send_frame(connection, _proof(token, b"server", mine, theirs))


def introduce(connection: socket.socket, token: bytes) -> None:
    """Be let in by a server that knows the token too; the part of the client.

    Raises:
        BrokenFrameError: It refuses, does not know the token, or does not speak the protocol.
    """
    greeting = receive_frame(connection, wait_seconds=HANDSHAKE_SECONDS, largest_bytes=LARGEST_BYTES)
    if not greeting.startswith(GREETING) or len(greeting) != len(GREETING) + NONCE_BYTES:
        raise BrokenFrameError("what answers there is no engine of this version")
    theirs, mine = greeting[len(GREETING) :], secrets.token_bytes(NONCE_BYTES)
    send_frame(connection, mine + _proof(token, b"client", theirs, mine))
    proof = receive_frame(connection, wait_seconds=HANDSHAKE_SECONDS, largest_bytes=LARGEST_BYTES)
    if not hmac.compare_digest(proof, _proof(token, b"server", theirs, mine)):
        raise BrokenFrameError("what answers there does not know the token of the engine")


def _proof(token: bytes, side: bytes, of_server: bytes, of_client: bytes) -> bytes:
    return hmac.digest(token, side + b"\0" + of_server + of_client, "sha256")

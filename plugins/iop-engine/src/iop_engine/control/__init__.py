"""Reaching a running engine from other processes of the same user, over a socket on loopback."""

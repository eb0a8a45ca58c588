"""The backends ``http`` and ``https``: productions on a server that has the REST API v1."""

from iop_backend_rest.backend import HttpBackend, HttpsBackend

__all__ = ("HttpBackend", "HttpsBackend")

"""The serializer ``pickle``: signed pickles of known classes."""

from iop_serializer_pickle.pickle_serializer import PickleSerializer

__all__ = ("PickleSerializer",)

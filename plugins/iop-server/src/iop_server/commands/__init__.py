"""The commands ``iop serve`` and ``iop server``."""

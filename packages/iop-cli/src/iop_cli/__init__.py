"""The ``iop`` command; its sub-commands come from the hook ``iop_commands``."""

__all__ = ()

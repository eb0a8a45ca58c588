"""The durable local engine: runs productions in one process on SQLite."""

__all__ = ()

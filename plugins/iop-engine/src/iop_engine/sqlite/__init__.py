"""The store on one SQLite file: group commit by one writer thread, queues in memory."""

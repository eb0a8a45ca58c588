"""Messages with typed fields, each class with a table of its own where it is stored.

``messages`` and ``models`` are what users derive from, ``fields`` what they declare.
"""

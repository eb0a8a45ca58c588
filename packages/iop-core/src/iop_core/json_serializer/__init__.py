"""The JSON serializer, the first plug-in of the hook ``iop_serializers``.

``serializer`` is the way in; ``encoding`` and ``decoding`` have the fast and the careful path.
"""

from iop_core.json_serializer.serializer import JsonSerializer

__all__ = ("JsonSerializer",)

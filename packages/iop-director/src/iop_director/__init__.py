"""Run and query productions through a backend chosen by URL.

``Director`` and ``DirectorProtocol`` are names of the ``iop`` package; the others are imported from here.
"""

from iop_director.body_text import text_of_body as text_of_body
from iop_director.director import Director
from iop_director.filters import message_filter as message_filter
from iop_director.protocols import DirectorProtocol
from iop_director.records import trace_to_dict as trace_to_dict
from iop_director.trace_mermaid import render_mermaid as render_mermaid
from iop_director.trace_text import render_text as render_text

__all__ = ("Director", "DirectorProtocol")

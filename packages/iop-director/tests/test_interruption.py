"""SIGTERM ends what shows a log as Ctrl-C does."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from iop_director.interruption import sigterm_as_interrupt


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGTERM to send")
def test_sigterm_interrupts_the_block_only() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt), sigterm_as_interrupt():
        signal.raise_signal(signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is before


def test_other_threads_change_nothing() -> None:
    before, seen = signal.getsignal(signal.SIGTERM), []

    def look() -> None:
        with sigterm_as_interrupt():
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert seen == [before]

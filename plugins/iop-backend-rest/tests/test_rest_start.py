"""What the plug-in costs those who do not use it: every start of ``iop`` loads its backends."""

from __future__ import annotations

import subprocess
import sys


def test_offering_the_backends_loads_no_http_library() -> None:
    program = (
        "import sys; from iop_core.plugins import installed_plugins; "
        "print(sorted(installed_plugins().backends())); print('httpx' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    offered, has_library = done.stdout.splitlines()
    assert "'https'" in offered
    assert has_library == "False"

"""The hospital production, ready for ``iop run examples/hospital/settings.py``.

``HOSPITAL_PORT`` chooses the MLLP port (25750), ``HOSPITAL_OUT`` the directory of the
outputs (``out`` below the current one).
"""

import os
from pathlib import Path

from hospital.production import build_production

PRODUCTIONS = [
    build_production(
        port=int(os.environ.get("HOSPITAL_PORT", "25750")),
        out=Path(os.environ.get("HOSPITAL_OUT", "out")).absolute(),
    )
]

"""Lets the tests import the example the way its scripts do: with this folder on the path."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

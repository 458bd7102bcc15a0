"""The calls that tests journal are written once, beside the tests of the records."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "records"))

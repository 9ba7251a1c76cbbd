"""`python -m readiness`, which imports nothing from the current folder, as the console script does not."""

import contextlib
import sys
from pathlib import Path

with contextlib.suppress(OSError):
    first = Path(sys.path[0])
    if not sys.flags.safe_path and first.samefile(".") and not Path(__file__).is_relative_to(first.absolute()):
        del sys.path[0]  # Python put the current folder there, which may be an estate's

from readiness.cli import main

if __name__ == "__main__":
    main()

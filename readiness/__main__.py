"""`python -m readiness`, which imports nothing from the current folder, as the console script does not."""

import sys
from pathlib import Path

if not (sys.flags.safe_path or Path(__file__).is_relative_to(Path(sys.path[0]).absolute())):
    del sys.path[0]  # Python put the current folder there, which may be an estate's

from readiness.cli import main

if __name__ == "__main__":
    main()

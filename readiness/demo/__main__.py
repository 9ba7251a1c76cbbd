"""`python -m readiness.demo`: the demo, which ends well when it finds exactly the faults that were planted."""

from __future__ import annotations

from readiness.cli import demo_ends_as_it_should

if __name__ == "__main__":
    demo_ends_as_it_should()

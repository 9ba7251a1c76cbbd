"""The lab: a real estate on one machine, made of namespaces, to run `readiness` against."""

from tests.lab.errors import LabError
from tests.lab.lab import Lab
from tests.lab.plan import Host

__all__ = ["Host", "Lab", "LabError"]

"""Users' own pytest-testinfra tests: planned beforehand, run over our connection, kept with the run."""

from readiness.custom.live_hosts import LiveHosts
from readiness.custom.saved import SavedTests
from readiness.custom.suites import CustomTests

__all__ = ["CustomTests", "LiveHosts", "SavedTests"]

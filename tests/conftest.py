"""Fixtures that several folders of tests share."""

from hypothesis import settings

from tests.lab.fixtures import lab

__all__ = ["lab"]

collect_ignore = ["main_job/suites"]  # users' tests, which the program runs

# How fast the machine is decides no test.
settings.register_profile("readiness", deadline=None)
settings.load_profile("readiness")

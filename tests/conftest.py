"""Fixtures that several folders of tests share."""

from tests.lab.fixtures import lab

__all__ = ["lab"]

collect_ignore = ["main_job/suites"]  # users' tests, which the program runs

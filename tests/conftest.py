"""Fixtures that several folders of tests share."""

from tests.lab.fixtures import lab

__all__ = ["lab"]

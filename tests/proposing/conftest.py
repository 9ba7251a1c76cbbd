"""The clean hosts of the demo, as the cases of the checks have them."""

from tests.checks.conftest import clean, whole_run

__all__ = ["clean", "whole_run"]

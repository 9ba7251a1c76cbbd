"""The commands: the only room that prints, reads the environment and exits."""

from readiness.cli.app import main

__all__ = ["main"]

r"""Paths as their hosts compare them: on Windows case does not count, and `/` is `\`."""

from __future__ import annotations

import ntpath
import posixpath
import re

_DRIVE = re.compile(r"[A-Za-z]:[\\/]|\\\\")


def is_windows(path: str) -> bool:
    r"""Whether it begins with a drive, or with the `\\` of a share or a long path."""
    return bool(_DRIVE.match(path))


def comparable(path: str) -> str:
    """What is equal for paths that mean the same to their host; no backslash at its end."""
    return ntpath.normcase(path).rstrip("\\") if is_windows(path) else path


def lies_in(path: str, folder: str) -> bool:
    """Whether a path is a folder or below it."""
    inner, outer = comparable(path), comparable(folder)
    return inner == outer or inner.startswith(outer + ("\\" if is_windows(folder) else "/"))


def file_name(path: str) -> str:
    """Its last part, in small letters on Windows."""
    return ntpath.basename(comparable(path)) if is_windows(path) else posixpath.basename(path)

"""A layer: a folder of files that is laid over `/` to make a host's root.

Overlay conventions: a character device 0/0 hides what lies below, a folder with the attribute
`trusted.overlay.opaque` shows nothing from below.
"""

import os
import shutil
import stat
from pathlib import Path

BASE = Path("/")


class Layer:
    """Files, hidden files and emptied folders, written below one folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)
        root.chmod(0o755)

    def write(self, path: str, content: str | bytes, *, mode: int = 0o644, uid: int = 0, gid: int = 0) -> None:
        """Write a file that replaces the one of the base system."""
        data = content.encode() if isinstance(content, str) else content
        target = self._place(path)
        target.write_bytes(data)
        target.chmod(mode)
        os.chown(target, uid, gid)

    def copy(self, path: str, source: Path) -> None:
        """Copy a file from elsewhere, with its mode."""
        shutil.copy2(source, self._place(path))

    def link(self, path: str, target: str) -> None:
        """Write a symbolic link."""
        self._place(path).symlink_to(target)

    def hide(self, path: str) -> None:
        """Hide a file or folder of the base system."""
        if os.path.lexists(BASE / path):
            self.hide_upper(path)

    def hide_upper(self, path: str) -> None:
        """Hide what a lower layer of the lab may have put there."""
        os.mknod(self._place(path), stat.S_IFCHR, os.makedev(0, 0))

    def empty(self, path: str, *, mode: int = 0o755, uid: int = 0, gid: int = 0) -> None:
        """Make a folder that shows nothing of the base system's."""
        target = self.folder(path)
        os.setxattr(target, "trusted.overlay.opaque", b"y")
        target.chmod(mode)
        os.chown(target, uid, gid)

    def folder(self, path: str) -> Path:
        """Make a folder and those above it, each owned as in the base system."""
        target = self.root
        below = BASE
        for part in Path(path).parts:
            target /= part
            below /= part
            if not target.exists():
                target.mkdir()
                self._own_like(target, below)
        return target

    def _place(self, path: str) -> Path:
        target = self.folder(str(Path(path).parent)) / Path(path).name
        target.unlink(missing_ok=True)
        return target

    @staticmethod
    def _own_like(target: Path, below: Path) -> None:
        if not below.is_dir() or below.is_symlink():
            target.chmod(0o755)
            return
        status = below.stat()
        os.chown(target, status.st_uid, status.st_gid)
        target.chmod(stat.S_IMODE(status.st_mode))

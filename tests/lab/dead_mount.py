"""A mount that is dead: a FUSE server that takes requests and answers none, so that whoever asks cannot be killed.

Run as `python dead_mount.py PID FOLDER`: mounts on a folder of the host whose process that is, says so, and stays
until it is killed, which ends every request with an error.
"""

import ctypes
import os
import struct
import sys
from pathlib import Path

_NEW_NAMESPACE = 0x00020000  # CLONE_NEWNS
_REQUEST = struct.Struct("<IIQ")  # length, what, number
_INIT = 26
_REPLY = struct.Struct("<IiQ")
_READY = struct.Struct("<IIIIHHIIHHI7I")  # fuse_init_out of version 7.31
_LARGEST = 1 << 20


def _checked(result: int, what: str) -> None:
    if result:
        raise OSError(ctypes.get_errno(), what)


def main(process: str, folder: str) -> None:
    """Mount, answer the kernel's greeting, and read on without a word."""
    libc = ctypes.CDLL(None, use_errno=True)
    server = os.open("/dev/fuse", os.O_RDWR)
    with Path(f"/proc/{process}/ns/mnt").open() as space:
        _checked(libc.setns(space.fileno(), _NEW_NAMESPACE), "setns")
    options = f"fd={server},rootmode=40000,user_id=0,group_id=0,allow_other"
    _checked(libc.mount(b"dead", folder.encode(), b"fuse", 0, options.encode()), "mount")
    while True:
        _, what, number = _REQUEST.unpack_from(os.read(server, _LARGEST))
        if what == _INIT:
            ready = _READY.pack(7, 31, 0, 0, 1, 1, 4096, 1, 1, 0, 0, *[0] * 7)
            os.write(server, _REPLY.pack(_REPLY.size + len(ready), 0, number) + ready)
            sys.stdout.write("mounted\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])

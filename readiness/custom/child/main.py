"""Where the process of a folder's tests begins."""

from __future__ import annotations

import os
import sys

from readiness.custom.child.parent import Parent


def main() -> None:
    """Collect the tests or run those that are wanted, as the run says; what comes of it is said over its pipe."""
    listen, talk = map(int, sys.argv[2:])
    for descriptor in (listen, talk):
        os.set_inheritable(descriptor, False)  # noqa: FBT003 - its argument has no name
    parent = Parent(listen, talk)
    job = parent.job()
    from readiness.custom.child.collecting import Collecting  # noqa: PLC0415 - the pipe is heard before
    from readiness.custom.child.running import Running  # noqa: PLC0415 - as above

    suite = (Running if job["wanted"] else Collecting)(job, parent)
    suite.main()
    parent.say("finished")

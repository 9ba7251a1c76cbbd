"""The reader of a lab's host and its rule, as `readiness reader` prints them."""

from readiness.probes import READER
from readiness.probes.reader import rule_for
from readiness.probes.reader_text import reader_text
from tests.lab.plan import Role
from tests.probes.askings import asking

USER = "readiness"


def reader_of(role: Role) -> str:
    """The text of `/usr/local/sbin/readiness-read` on a host with this role."""
    return reader_text(asking({"bacula": (role,)}), READER.parts)


def sudo_rule() -> str:
    """The text of `/etc/sudoers.d/readiness` on every host."""
    return f"{rule_for(USER)}\n"

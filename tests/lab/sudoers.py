"""What the login user of the lab's hosts may do as root: what `readiness sudoers` prints for a host of every role."""

from readiness.probes import PROBES
from readiness.probes.elevation import all_as_root, sudoers
from tests.probes.askings import asking

USER = "readiness"


def sudoers_fragment() -> str:
    """The text of `/etc/sudoers.d/readiness` on every host."""
    return sudoers(USER, [(["every host"], all_as_root(PROBES, asking()))])

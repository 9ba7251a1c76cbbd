"""What the login user of the lab's hosts may do as root: the fragment that `readiness sudoers` prints."""

from readiness.plan import elevated_commands
from readiness.probes.elevation import sudoers

USER = "readiness"


def sudoers_fragment() -> str:
    """The text of `/etc/sudoers.d/readiness` on every host."""
    return sudoers(USER, elevated_commands())

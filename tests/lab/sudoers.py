"""What the login user of the lab's hosts may do as root: the fragment that `readiness sudoers` prints."""

from readiness import products
from readiness.planning.commands import Commands
from readiness.probes.elevation import sudoers

USER = "readiness"


def sudoers_fragment() -> str:
    """The text of `/etc/sudoers.d/readiness` on every host."""
    return sudoers(USER, Commands(products.load()).elevated())

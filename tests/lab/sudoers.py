"""What the login user of the lab's hosts may do as root."""

USER = "readiness"

# In sudoers a backslash of an argument is written as four: once for the parser, once for the pattern.
_FIND_EXECUTABLES = r"/usr/bin/find /proc -mindepth 2 -maxdepth 2 -name exe -printf %h\\\\t%l\\\\n"


def sudoers_fragment() -> str:
    """The text of `/etc/sudoers.d/readiness` on every host."""
    return f"{USER} ALL=(root) NOPASSWD: {_FIND_EXECUTABLES}\n"

"""What can go wrong with the lab itself."""


class LabError(Exception):
    """The lab could not be brought up, used or taken down; the message says why."""

BASE = ("openssh-server", "coreutils")

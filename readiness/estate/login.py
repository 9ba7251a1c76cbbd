"""How to log in to the hosts: the settings of SSH and WinRM, for all hosts and where one differs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from readiness.estate import texts
from readiness.estate.network import HostKeyText
from readiness.yaml_text.document import Document, Path
from readiness.yaml_text.models import Strict, stated

NTLM_OVER_HTTP = f"{texts.PREFIX}NTLM_OVER_HTTP"
"""The environment variable whose value 1 lets a logon by NTLM go to hosts that prove nothing before it."""
_JUMP = "a jump host stands in an ssh_config: ssh: {config: ~/.ssh/config}"


class SshLogin(Strict):
    """What can be stated for all hosts and for each."""

    if_unknown: ClassVar[Mapping[str, str]] = {"jump": _JUMP, "proxy": _JUMP, "bastion": _JUMP}

    user: texts.User | None = stated("The login on the host.", None, example="readiness")
    port: texts.Port = stated("The port of sshd.", 22, example="22")
    identity_files: texts.FilePaths = stated(
        "The private keys to log in with, relative to the estate's folder or with a leading ~/.",
        (),
        alias="identity_file",
        example="~/.ssh/id_ed25519",
    )


class HostSsh(SshLogin):
    """How to log in to this host over SSH, where it differs."""

    host_key: HostKeyText | None = stated(
        "The pinned key of the host as `type base64`; without it, known_hosts has to know the host.",
        None,
        example="ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f",
    )


class EstateSsh(SshLogin):
    """How to log in to all hosts over SSH; passwords never stand here."""

    agent: bool = stated("Whether the keys of the running ssh-agent may be used.", default=False, example="true")
    known_hosts: texts.FilePath | None = stated(
        "The file that pins the host keys; without it known_hosts beside the estate, else ~/.ssh/known_hosts.",
        None,
        example="known_hosts",
    )
    config: texts.FilePath | None = stated(
        "An ssh_config with what the estate leaves out, such as ProxyJump; its Host lines are about hosts' names here.",
        None,
        example="~/.ssh/config",
    )


class Ssh(EstateSsh, HostSsh):
    """The settings in force: paths as written, relative to the estate's folder or with a leading `~/`."""


class Winrm(Strict):
    """How to log on over WinRM; the password never stands here, but in the environment variable that is named."""

    if_unknown: ClassVar[Mapping[str, str]] = {
        "pass": f"a password never stands here: password_env names the environment variable, {texts.PREFIX}..."
    }

    user: texts.WindowsUser | None = stated("The login on the host.", None, example=r"'CORP\readiness'")
    port: texts.Port | None = stated(
        "The port of WinRM; without it the scheme's own, 5986 or 5985.", None, example="5986"
    )
    scheme: Literal["http", "https"] = stated("What carries WinRM.", "https", example="https")
    auth: Literal["ntlm", "basic", "certificate"] = stated("How to log on.", "ntlm", example="ntlm")
    ca: texts.FilePath | None = stated(
        "The certificates that are trusted; without it the system's store.", None, example="ca.pem"
    )
    certificate: texts.FilePath | None = stated("The certificate to log on with.", None, example="~/me.pem")
    key: texts.FilePath | None = stated("The key of that certificate.", None, example="~/me.key")
    password_env: texts.Variable = stated(
        f"The environment variable that holds the password; its name begins with {texts.PREFIX}.",
        "READINESS_WINRM_PASSWORD",
        example="READINESS_WINRM_PASSWORD",
    )

    @property
    def effective_port(self) -> int:
        """The port stated, or the scheme's own."""
        return self.port or (5986 if self.scheme == "https" else 5985)


def check_winrm(document: Document, path: Path, winrm: Winrm) -> None:
    """Report settings of WinRM, as they are in force for a host, that cannot go together."""
    auth = winrm.auth
    if auth in {"basic", "certificate"} and winrm.scheme == "http":
        document.report(path, f"auth {auth} over http would send it unprotected", "scheme: https, or auth: ntlm")
    if auth == "certificate" and not (winrm.certificate and winrm.key):
        document.report(path, "auth certificate without certificate and key", "name both files")
    if auth != "certificate" and (winrm.certificate or winrm.key):
        document.report(path, f"a certificate, and auth {auth}", "auth: certificate, or remove certificate and key")
    if auth in {"ntlm", "basic"} and not winrm.user:
        document.report(path, f"auth {auth} without a user", "state winrm.user, for the host or for all")

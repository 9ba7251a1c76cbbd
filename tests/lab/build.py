"""Writing all layers of a lab, and the keys that go into them."""

from pathlib import Path

from tests.lab import bacula
from tests.lab.keys import Authority, new_ssh_key
from tests.lab.layers import Layer
from tests.lab.plan import Host, Plan
from tests.lab.redhat import write_redhat
from tests.lab.roles import write_host, write_role
from tests.lab.system import write_common


def write_layers(plan: Plan) -> dict[str, str]:
    """Write every layer; returns the hosts' public SSH keys."""
    login = new_ssh_key()
    _write_identity(plan, login.private, login.public)
    write_common(Layer(_folder(plan) / "common"), plan, login.public)
    for role in {host.role for host in plan.hosts.values()}:
        write_role(Layer(_folder(plan) / f"role-{role}"), role)
    if plan.redhat:
        write_redhat(Layer(_folder(plan) / "role-redhat"))
    configuration = bacula.Configuration(plan.hosts.values())
    authority = Authority()
    keys = {}
    for host in plan.hosts.values():
        key = new_ssh_key()
        layer = Layer(_folder(plan) / f"host-{host.name}")
        write_host(layer, plan, host, ssh=key, tls=authority, files=configuration.files(host))
        keys[host.name] = key.public
    return keys


def layers_of(plan: Plan, host: Host) -> list[Path]:
    """The layers of a host, the lowest first."""
    role = "redhat" if host.redhat else host.role
    return [_folder(plan) / name for name in ("common", f"role-{role}", f"host-{host.name}")]


def _folder(plan: Plan) -> Path:
    return plan.state / "layers"


def _write_identity(plan: Plan, private: str, public: str) -> None:
    path = plan.state / "id_ed25519"
    path.touch(mode=0o600)
    path.write_text(private)
    path.with_suffix(".pub").write_text(public + "\n")

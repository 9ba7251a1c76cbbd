"""The lab's network files: names, firewall, clock."""

from collections.abc import Iterable

from tests.lab.plan import Host, Plan


def hosts_file(hosts: Iterable[Host]) -> str:
    """Resolve every host forward and back; a host's own name stands on its own address."""
    lines = ["127.0.0.1\tlocalhost", "::1\tlocalhost ip6-localhost ip6-loopback"]
    lines += [f"{host.address}\t{host.fqdn} {host.name}" for host in hosts]
    return "\n".join(lines) + "\n"


def firewall(plan: Plan, host: Host) -> str:
    """Accept what the service needs, drop the rest."""
    director = plan.hosts["dir01"].address
    clients = ", ".join(other.address for other in plan.hosts.values() if other.role == "client")
    match host.role:
        case "director":
            rules = [f"ip saddr {plan.network} udp dport 123 accept"]
        case "storage":
            rules = [f"ip saddr {{ {director}, {clients} }} tcp dport 9103 accept"]
        case "client":
            rules = [f"ip saddr {director} tcp dport 9102 accept"]
    return _RULESET.format(admin=plan.admin_address, rules="\n        ".join(rules))


_RULESET = """#!/usr/sbin/nft -f
flush ruleset

table inet lab {{
    chain input {{
        type filter hook input priority filter; policy drop;
        ct state established,related accept
        iif lo accept
        meta l4proto {{ icmp, ipv6-icmp }} accept
        ip saddr {admin} tcp dport 22 accept
        {rules}
    }}
}}
"""


def chrony(plan: Plan, host: Host) -> str:
    """The director host follows the site's time server, the others follow it; nobody touches the kernel's clock."""
    common = "driftfile /var/lib/chrony/chrony.drift\nlogdir /var/log/chrony\n"
    if host.role == "director":
        return f"server {plan.time_address} {_EAGER}\nallow {plan.network}\n{common}"
    return f"server {plan.hosts['dir01'].fqdn} {_EAGER}\n{common}"


def time_server(plan: Plan) -> str:
    """The site's own clock, for chronyd beside the bridge."""
    quiet = "cmdport 0\nbindcmdaddress /\n"
    return f"local stratum 8\nallow {plan.network}\n{quiet}pidfile {plan.state}/log/chronyd.pid\n"


_EAGER = "iburst minpoll -2 maxpoll 4"

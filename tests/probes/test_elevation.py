from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import pytest

from readiness import products
from readiness.configs import SYSTEMS
from readiness.core.facts import Fact, Missing, Why
from readiness.core.scripts import Shell
from readiness.probes import PROBES, PROBES_OF
from readiness.probes.asking import Asking
from readiness.probes.certificates import Certificates
from readiness.probes.configuration import Configuration
from readiness.probes.elevation import all_as_root, elevated, sudoers
from readiness.probes.listening import Listening
from readiness.probes.probe import Probe
from readiness.probes.processes import Processes
from readiness.probes.rights import Rights
from readiness.probes.sshd import Sshd
from readiness.probes.sudo_rules import SudoRules

from . import real
from .askings import asking, by_name
from .samples import parsed

FIND = r"/usr/bin/find /proc -mindepth 2 -maxdepth 2 -name exe -printf %h\t%l\n"
PRUNED = " ".join(f"-name {name} -prune -o" for name in ("map_files", "net", "ns", "task"))
COMMANDS = [FIND, rf"/usr/bin/find /proc -maxdepth 3 {PRUNED} -type l -printf %p\t%l\0", "/usr/sbin/sshd -T"]
# What sudoers(5) takes for its own, in arguments as a command might have them.
EACH = r"/usr/bin/find /etc/bacula/conf.d -type f -printf \n\001part\t%p\n -exec /bin/cat {} ;"
READ = (
    r"/usr/bin/find -L {} -type f -size -128k -printf \001file\t%p\t%u\t%g\t%m\t.\n"
    r" -exec /usr/bin/sed -n /BEGIN.CERTIFICATE/,/END.CERTIFICATE/p {{}} ;"
)
PUBLIC = (
    r"/usr/bin/find -L {} -type f -size -128k -printf \001key\t%p\t.\n"
    r" -exec /usr/bin/openssl pkey -in {{}} -passin pass: -pubout ;"
)
OWNER = r"/usr/bin/find -L {} -maxdepth 0 -printf path\t%p\t%u\t%g\t%m\t.\n"
HARD = (FIND, EACH, READ.format("/a"), PUBLIC.format("/a"), r"/usr/bin/printf a,b:c=d\\n%s@+-_.", "/usr/bin/id")


def rules_for(user: str, *commands: str) -> str:
    return sudoers(user, [(["bk01"], commands)])


def own(kind: type[Fact], asking: Asking) -> tuple[str, ...]:
    return by_name[kind.name].as_root(asking)


def test_what_runs_as_root_follows_from_the_roles() -> None:
    """Each command is spelt out: nothing in it is left to whoever starts it."""
    client = asking({"bacula": ("client",)})
    for kind in (Listening, Processes, Sshd):
        assert set(own(kind, client)) <= set(COMMANDS), "the same on every host"
        assert own(kind, client) == own(kind, asking({}))
    assert own(Configuration, client) == ("/bin/cat /etc/bacula/bacula-fd.conf", EACH)
    assert own(Rights, client) == (OWNER.format("/etc/bacula"), OWNER.format("/etc/bacula/bacula-fd.conf"))
    folders = [f"/etc/bacula/{name}" for name in ("certs", "ssl", "tls")]
    assert own(Certificates, client) == tuple(text.format(path) for text in (READ, PUBLIC) for path in folders)


def test_sudo_is_asked_about_every_root_part() -> None:
    client = asking({"bacula": ("client",)})
    everything = {command for probe in PROBES for command in probe.as_root(client)}
    assert {*COMMANDS, EACH, OWNER.format("/etc/bacula"), READ.format("/etc/bacula/tls")} <= everything
    assert all_as_root(PROBES, client) == tuple(sorted(everything))
    assert by_name["sudo_rules"].arguments(client) == all_as_root(PROBES, client)


@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: probe.name)
def test_a_script_and_its_root_part_fit(probe: Probe) -> None:
    """Every use of sudo in a script is a command of its root part, and every such command stands in the script."""
    roles = asking()
    text = probe.text_for(roles)
    values = {"path": ["/path"], "folder": ["/folder"]}
    used = [command.replace("/path", "@").replace("/folder", "@") for command in elevated(text, **values)]
    given = {argument.partition("=")[2] or argument for argument in probe.arguments(roles)}
    allowed = set()
    for command in probe.as_root(roles):
        words = [("@" if word in given else word) for word in command.split(" ")]
        allowed.add(" ".join(words))
    assert allowed == set(used)


BAREOS = """\
product: bareos
title: A second product
sources: {made_up: "this test"}
roles:
  client:
    title: Client
    packages: {debian: [{names: [bareos-filedaemon], source: made_up}]}
    services: {debian: {units: [bareos-fd.service], source: made_up}}
    configuration: {debian: {paths: [/etc/bareos/bareos-fd.conf], source: made_up}}
    places:
      debian: [{path: /etc/bareos, owners: [root], groups: [root], mode: "755", source: made_up}]
secret_directives: [{resources: [Director], directive: Key Phrase, source: made_up}]
configuration_format: {name: bacula, source: made_up}
certificate_folders: {paths: [/etc/bareos/tls], source: made_up}
"""


def test_another_product_changes_nothing_for_hosts_without_it() -> None:
    """Not one byte of texts and arguments, and not one rule: the login may not read what is another product's."""
    both = products.load(SYSTEMS, {"bareos.yaml": BAREOS.encode()})
    for system, shell in (("linux", "posix"), ("windows", "powershell")):
        before = asking({"bacula": ("client",)}, system=system)
        after = asking({"bacula": ("client",)}, system=system, catalogue=both)
        for probe in PROBES_OF[cast("Shell", shell)]:
            assert probe.text_for(after) == probe.text_for(before)
            assert probe.arguments(after) == probe.arguments(before)
            assert probe.as_root(after) == probe.as_root(before)
    bareos = all_as_root(PROBES, asking({"bareos": ("client",)}, catalogue=both))
    assert "/bin/cat /etc/bareos/bareos-fd.conf" in bareos
    assert not any("/etc/bacula" in command for command in bareos)


def test_two_products_on_a_host_keep_their_files_and_secrets_apart() -> None:
    both = products.load(SYSTEMS, {"bareos.yaml": BAREOS.encode()})
    host = asking({"bacula": ("client",), "bareos": ("client",)}, catalogue=both)
    arguments = by_name["configuration"].arguments(host)
    second = arguments.index("format=bacula", 1)
    assert arguments[second:] == (
        "format=bacula",
        "directive=secret:director:keyphrase",
        "file=/etc/bareos/bareos-fd.conf",
    )
    assert arguments[:second] == by_name["configuration"].arguments(asking({"bacula": ("client",)}))
    assert by_name["configuration"].text_for(host) == by_name["configuration"].text_for(asking())


def test_a_variable_is_spelt_out_for_each_path() -> None:
    text = 'x() {\n    $SUDO /bin/cat "$path"\n}\n$SUDO /usr/bin/id\n'
    assert elevated(text, path=["/a", "/b"]) == ("/bin/cat /a", "/bin/cat /b", "/usr/bin/id")
    assert elevated(text, path=[]) == ("/usr/bin/id",)
    for wrong in ("a", "/a b", "/a*", "/a;id", "", "/a\nb", "/$x"):
        with pytest.raises(ValueError, match="no path"):
            elevated(text, path=[wrong])
    with pytest.raises(ValueError, match="spelt out"):
        elevated(text, folder=["/a"])


def test_a_script_without_any() -> None:
    assert elevated('# $SUDO in a comment\nif [ -z "$SUDO" ]; then\n    echo root\nfi\n') == ()


@pytest.mark.parametrize(
    "text",
    [
        "$SUDO /bin/cat $file",
        '$SUDO /bin/cat "$1"',
        '$SUDO /bin/cat "$path"x',
        '$SUDO /bin/cat "$path" "$path"',
        "$SUDO /bin/cat '$path'",
        '$SUDO "$path" /etc/passwd',
        '$SUDO /bin/cat "${path}"',
        "$SUDO /bin/cat /etc/*",
        "$SUDO cat /etc/shadow",
        "$SUDO /bin/cat 'a b'",
        "$SUDO /bin/cat x > y",
        "$SUDO /bin/cat x | sort",
        "$SUDO /bin/cat x; id",
        "$SUDO /bin/cat x ; id",
        "$SUDO /bin/cat x \\; id",
        "$SUDO /bin/cat x;",
        "$SUDO /bin/cat `id`",
        "$SUDO",
        "x=$($SUDO /bin/cat x)",
        "if $SUDO /bin/cat x; then",
        "${SUDO} /bin/cat x",
        "sh -c '$SUDO /bin/cat x'",
        "$SUDO /bin/cat x $SUDO",
    ],
)
def test_what_is_not_spelt_out_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"spelt out|own"):
        elevated(f"echo\n{text}\n")


@pytest.mark.parametrize(
    ("user", "command"),
    [
        ("a b", FIND),
        ("root\nALL", FIND),
        ("", FIND),
        ("%wheel", FIND),
        ("rd", "find /"),
        ("rd", "/bin/cat /etc/*"),
        ("rd", "/bin/x a\nb"),
    ],
)
def test_a_fragment_allows_no_more_than_it_says(user: str, command: str) -> None:
    with pytest.raises(ValueError, match=r"spelt out|login name"):
        rules_for(user, command)


def test_a_fragment_has_one_rule_a_command() -> None:
    rules = [line for line in rules_for("readiness", *HARD).splitlines() if not line.startswith("#")]
    assert rules == [
        r"readiness ALL=(root) NOPASSWD: /usr/bin/find /proc -mindepth 2 -maxdepth 2 -name exe -printf %h\\\\t%l\\\\n",
        (
            r"readiness ALL=(root) NOPASSWD: /usr/bin/find /etc/bacula/conf.d -type f"
            r" -printf \\\\n\\\\001part\\\\t%p\\\\n -exec /bin/cat {} ;"
        ),
        (
            r"readiness ALL=(root) NOPASSWD: /usr/bin/find -L /a -type f -size -128k"
            r" -printf \\\\001file\\\\t%p\\\\t%u\\\\t%g\\\\t%m\\\\t.\\\\n"
            r" -exec /usr/bin/sed -n /BEGIN.CERTIFICATE/\,/END.CERTIFICATE/p {} ;"
        ),
        (
            r"readiness ALL=(root) NOPASSWD: /usr/bin/find -L /a -type f -size -128k"
            r" -printf \\\\001key\\\\t%p\\\\t.\\\\n -exec /usr/bin/openssl pkey -in {} -passin pass\: -pubout ;"
        ),
        r"readiness ALL=(root) NOPASSWD: /usr/bin/printf a\,b\:c\=d\\\\\\\\n%s@+-_.",
        'readiness ALL=(root) NOPASSWD: /usr/bin/id ""',
    ]


@pytest.fixture
def within(tmp_path: Path) -> list[str]:
    """What starts a command as a user with the rules of HARD, in a mount namespace of its own: nothing stays behind."""
    real.need_root()
    real.need("sudo")
    real.need("unshare", "util-linux")
    fragment = tmp_path / "sudoers"
    fragment.write_text(rules_for("rd", *HARD))
    fragment.chmod(0o440)
    passwd = tmp_path / "passwd"
    passwd.write_text(Path("/etc/passwd").read_text() + "rd:*:54321:54321::/:/bin/sh\nother:*:54322:54322::/:/bin/sh\n")
    passwd.chmod(0o644)
    mounts = f"mount --bind {passwd} /etc/passwd && mount --bind {fragment} /etc/sudoers"
    return ["unshare", "--mount", "sh", "-c", f'{mounts} && exec "$@"', "sh"]


def as_user(within: Sequence[str], uid: int) -> list[str]:
    return [*within, "setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups"]


def test_visudo_accepts_the_fragment(within: Sequence[str]) -> None:
    subprocess.run([*within, "visudo", "-cf", "/etc/sudoers"], check=True, capture_output=True)


def test_sudo_allows_exactly_the_commands_of_the_fragment(within: Sequence[str]) -> None:
    others = (
        FIND.replace("\\", ""),
        FIND.replace("/proc", "/etc"),
        f"{FIND} -delete",
        FIND.removesuffix(r" -printf %h\t%l\n"),
        r"/usr/bin/printf a,b:c=d\n%s@+-_.",
        "/usr/bin/id -u",
        "/bin/sh",
    )
    rules = parsed(real.run("sudo_rules", [*HARD, *others], sudo="sudo -n", within=as_user(within, 54321)))
    assert rules == SudoRules(tuple(sorted(HARD)), tuple(sorted(others)), is_root=False, has_sudo=True)
    rules = parsed(real.run("sudo_rules", HARD, sudo="sudo -n", within=as_user(within, 54322)))
    assert rules == SudoRules((), tuple(sorted(HARD)), is_root=False, has_sudo=True)


@pytest.mark.parametrize("shell", real.SHELLS)
def test_the_command_that_a_script_sends_is_the_one_that_is_allowed(shell: str, within: Sequence[str]) -> None:
    real.need(shell)
    processes = parsed(real.run("processes", shell=shell, sudo="sudo -n", within=as_user(within, 54321)))
    assert isinstance(processes, Processes)
    assert {program.path for program in processes.executables.values()} > {"/usr/bin/sudo", "/usr/bin/find"}


def test_without_a_rule_the_remedy_is_the_line_to_add(within: Sequence[str]) -> None:
    missing = parsed(real.run("processes", sudo="sudo -n", within=as_user(within, 54322)))
    assert isinstance(missing, Missing)
    assert missing.why is Why.NOT_PERMITTED
    assert rules_for("other", FIND).splitlines()[-1] in missing.remedy

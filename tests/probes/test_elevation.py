from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from readiness import products
from readiness.core.facts import Missing, Why
from readiness.planning.commands import Commands
from readiness.probes import PROBES, Processes, SudoRules
from readiness.probes.certificates import PUBLIC, READ
from readiness.probes.elevation import elevated, spelt_out, sudoers
from readiness.probes.rights import TELL

from . import real
from .samples import parsed

FIND = r"/usr/bin/find /proc -mindepth 2 -maxdepth 2 -name exe -printf %h\t%l\n"
PRUNED = " ".join(f"-name {name} -prune -o" for name in ("map_files", "net", "ns", "task"))
COMMANDS = [FIND, rf"/usr/bin/find /proc -maxdepth 3 {PRUNED} -type l -printf %p\t%l\0", "/usr/sbin/sshd -T"]
# What sudoers(5) takes for its own, in arguments as a command might have them.
EACH = r"/usr/bin/find /etc/bacula/conf.d -type f -printf \n\001part\t%p\n -exec /bin/cat {} ;"
HARD = (FIND, EACH, READ.format("/a"), PUBLIC.format("/a"), r"/usr/bin/printf a,b:c=d\\n%s@+-_.", "/usr/bin/id")


def test_the_commands_of_all_scripts() -> None:
    assert [command for probe in PROBES for command in elevated(probe.text)] == COMMANDS
    catalogue = products.load()
    bacula = catalogue.products["bacula"]
    cats = {f"/bin/cat {path}" for role in bacula.roles.values() for path in role.configuration_for("debian")}
    folders = {text.format(path) for path in bacula.certificate_folders_on("linux") for text in (READ, PUBLIC)}
    places = {name: {TELL.format(one.path) for one in role.places_for("debian")} for name, role in bacula.roles.items()}
    told = set.union(*places.values())
    assert {*cats, *folders, *told, *COMMANDS, EACH} == set(Commands(catalogue).elevated())
    own = {"/bin/cat /etc/bacula/bacula-fd.conf", *folders, *places["client"], *COMMANDS, EACH}
    assert set(Commands(catalogue).elevated_on({"bacula": ("client",)})) == own


def test_a_place_for_commands_is_filled_in_once() -> None:
    text = "case $1 in\n        # here\n        *) echo ;;\nesac\n"
    assert elevated(spelt_out(text, {"here": {"/a": "/bin/cat /a"}})) == ("/bin/cat /a",)
    for wrong in (text + text, text.replace("# here", "# there")):
        with pytest.raises(ValueError, match="no one place"):
            spelt_out(wrong, {"here": {}})


def test_a_script_without_any() -> None:
    assert elevated('# $SUDO in a comment\nif [ -z "$SUDO" ]; then\n    echo root\nfi\n') == ()


@pytest.mark.parametrize(
    "text",
    [
        "$SUDO /bin/cat $file",
        '$SUDO /bin/cat "$1"',
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
        sudoers(user, [command])


def test_a_fragment_has_one_rule_a_command() -> None:
    rules = [line for line in sudoers("readiness", HARD).splitlines() if not line.startswith("#")]
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
    fragment.write_text(sudoers("rd", HARD))
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
    assert sudoers("other", [FIND]).splitlines()[-1] in missing.remedy

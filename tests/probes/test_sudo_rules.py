"""What sudo lets the login do besides, by the list that real sudo prints; and names that are no login's."""

from __future__ import annotations

import pytest

from readiness.core.facts import Missing
from readiness.probes.reader import FILE, RULE_FILE, SudoRule, rule_for

from .sudo_host import LOGIN, RULE, SudoHost, mend

OWN = SudoRule("reader", "root", "!noexec, !authenticate", FILE)


def test_sudo_does_not_list_the_rules(host: SudoHost) -> None:
    host.root("sed -i '1i Defaults listpw=always' /etc/sudoers")
    reader = host.reader()
    assert reader.hindrance() is None
    assert isinstance(reader.rules, Missing)
    mend(host, reader.rules.remedy)
    assert host.reader().rules == (OWN,)


def other(command: str, users: str = "root", options: str = "!authenticate") -> SudoRule:
    return SudoRule("other", users, options, command)


LONG = "/usr/bin/" + "x" * 300
LISTED = {
    "any argument": (f"{LOGIN} ALL=(root) NOPASSWD: {FILE}", other(FILE)),
    "a pattern": (f"{LOGIN} ALL=(root) NOPASSWD: {FILE} *", other(FILE)),
    "another argument": (f"{LOGIN} ALL=(root) NOPASSWD: {FILE} all", other(FILE)),
    "with variables": (f'{LOGIN} ALL=(root) NOPASSWD:SETENV: {FILE} ""', other(FILE, options="setenv, !authenticate")),
    "with variables for all": ("Defaults setenv", other("Defaults setenv", options="")),
    "with variables for the login": (f"Defaults:{LOGIN} setenv", other("Defaults setenv", options="")),
    "with variables for the reader": (f"Defaults!{FILE} setenv", other("Defaults setenv", options="")),
    "another root folder": ("Defaults runchroot=*", other("Defaults runchroot", options="")),
    "everything": (f"{LOGIN} ALL=(ALL) NOPASSWD: ALL", other("ALL", "ALL")),
    "for a password": (f"{LOGIN} ALL=(ALL) /bin/ls", other("/bin/ls", "ALL", "")),
    "all but": (f"{LOGIN} ALL=(ALL, !root) NOPASSWD: ALL, !/bin/sh", other("ALL", "ALL, !root")),
    "a digest": (f"{LOGIN} ALL=(root) NOPASSWD: sha224:{'0' * 56} /bin/ls -l", other("/bin/ls")),
    "two digests": (
        f"{LOGIN} ALL=(root) NOPASSWD: sha224:{'0' * 56}, sha224:{'1' * 56} /bin/ls",
        other("/bin/ls"),
    ),
    "an alias": (f"Cmnd_Alias C = /bin/ls\nUser_Alias U = {LOGIN}\nU ALL=(root) NOPASSWD: C", other("/bin/ls")),
    "a secret argument": (f"{LOGIN} ALL=(root) NOPASSWD: /bin/ls --password hunter2", other("/bin/ls")),
    "an editor": (f"{LOGIN} ALL=(root) NOPASSWD: sudoedit /etc/x", other("sudoedit")),
    "a folder": (f"{LOGIN} ALL=(root) NOPASSWD: /usr/bin/", other("/usr/bin/")),
    "a group": (f"{LOGIN} ALL=(:adm) NOPASSWD: /bin/ls", other("/bin/ls", LOGIN)),
    "long": (f"{LOGIN} ALL=(root) NOPASSWD: {LONG} {'y' * 4000}", other(LONG[:200])),
    "denied only": (f"{LOGIN} ALL=(root) NOPASSWD: !/bin/su", None),
    "on another host": (f"{LOGIN} elsewhere=(root) NOPASSWD: /bin/ls", None),
    "an older version's find": (
        rf"{LOGIN} ALL=(root) NOPASSWD: /usr/bin/find /proc -mindepth 2 -maxdepth 2 -name exe -printf %h\\\\t%l\\\\n",
        SudoRule("old", "root", "!authenticate", "/usr/bin/find"),
    ),
    "an older version's include": (
        (
            rf"{LOGIN} ALL=(root) NOPASSWD: /usr/bin/find /etc/bacula/conf.d -type f"
            r" -printf \\\\n\\\\001part\\\\t%p\\\\n -exec /bin/cat {} ;"
        ),
        SudoRule("old", "root", "!authenticate", "/usr/bin/find"),
    ),
    "an older version's certificates": (
        (
            rf"{LOGIN} ALL=(root) NOPASSWD: /usr/bin/find -L /a -type f -size -128k"
            r" -printf \\\\001key\\\\t%p\\\\t.\\\\n -exec /usr/bin/openssl pkey -in {} -passin pass\: -pubout ;"
        ),
        SudoRule("old", "root", "!authenticate", "/usr/bin/find"),
    ),
    "an older version's owners": (
        (
            rf"{LOGIN} ALL=(root) NOPASSWD: /usr/bin/find -L /etc/bacula -maxdepth 0"
            r" -printf path\\\\t%p\\\\t%u\\\\t%g\\\\t%m\\\\t.\\\\n"
        ),
        SudoRule("old", "root", "!authenticate", "/usr/bin/find"),
    ),
}


@pytest.mark.parametrize("name", LISTED)
def test_what_sudo_allows_besides(host: SudoHost, name: str) -> None:
    line, expected = LISTED[name]
    host.rules(line, RULE)
    host.root("visudo -cf /etc/sudoers")
    found = rules(host)
    assert OWN in found or name == "with variables for all"
    assert [rule for rule in found if rule.kind != "reader"] == ([expected] if expected else [])
    if expected and expected.kind == "old":
        host.root(f"sed -i '/NOPASSWD: /d' {RULE_FILE}")
        assert rules(host) == (OWN,)


# What `sudo -l -l` prints, written by hand after sudo's source: the title of an entry differs from version to version.
_HEAD = """\
Matching Defaults entries for rd on bk01:
    !visiblepw, env_reset, env_keep="COLORS DISPLAY", secure_path=/sbin\\:/bin

Runas and Command-specific defaults for rd:
    Defaults!/usr/bin/x !requiretty

User rd may run the following commands on bk01:
"""
_ENTRY = """
{title}
    RunAsUsers: root
    Options: !noexec, !authenticate
    Commands:
\t/usr/local/sbin/readiness-read ""
"""
_OTHER = """
{title}
    RunAsUsers: ALL
    RunAsGroups: ALL
    Commands:
\tALL
"""
FORMATS = {
    "no file": ("Sudoers entry:", "Sudoers entry:"),
    "its file": ("Sudoers entry: /etc/sudoers.d/readiness", "Sudoers entry: /etc/sudoers"),
    "LDAP": ("LDAP Role: readiness", "LDAP Role: admins"),
    "another source": ("SSSD Role: readiness", "Sudoers entry:"),
}


@pytest.mark.parametrize("name", FORMATS)
def test_each_format_of_the_list(host: SudoHost, name: str) -> None:
    first, second = FORMATS[name]
    listed = _HEAD + _ENTRY.format(title=first) + _OTHER.format(title=second)
    host.root("mkdir /usr/local/bin")
    host.file(host.sbin.parent / "bin/listed", listed, 0o644)
    own = 'case "$*" in *-l*) exec cat /usr/local/bin/listed ;; esac\nexec /usr/bin/sudo "$@"'
    host.file(host.sbin.parent / "bin/sudo", f"#!/bin/sh\n{own}\n", 0o755)
    assert rules(host) == (OWN, SudoRule("other", "ALL", "", "ALL"))


def rules(host: SudoHost) -> tuple[SudoRule, ...]:
    """Those that the login sees, by the part of the script that lists them."""
    listed = host.reader().rules
    assert not isinstance(listed, Missing)
    return listed


@pytest.mark.parametrize(
    "login", ["ALL", "BACKUP", "Defaults", "Defaults.x", "User_Alias", "a b", "%sudo", "#0", "a,b", "", "x\n"]
)
def test_a_name_that_means_something_else_in_sudoers_has_no_rule(login: str) -> None:
    with pytest.raises(ValueError, match="not a login name"):
        rule_for(login)


@pytest.mark.parametrize("login", ["readiness", "svc.readiness", "readiness@corp.example.com", "_x", "Backup", "r-1"])
def test_sudo_takes_the_rule_of_a_login(host: SudoHost, login: str) -> None:
    host.rules(rule_for(login))
    host.root("visudo -cf /etc/sudoers")

"""The lab's command line: prepare, up, exec, estate, down."""

import argparse
import os
import sys
import time
from pathlib import Path

from tests.lab.errors import LabError
from tests.lab.lab import Lab
from tests.lab.packages import prepare
from tests.lab.plan import NEW_STATE_FILE, STATE_FILE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.lab", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("prepare", help="install the Debian packages that are missing")
    for name, text in (("up", "bring a lab up"), ("down", "take it down"), ("estate", "print its estate folder")):
        commands.add_parser(name, help=text)
    commands.add_parser("exec", help="run a command as root inside a host")
    for name in ("up", "down", "estate", "exec"):
        commands.choices[name].add_argument("--state", type=Path, required=True, help="the lab's own folder")
    commands.choices["up"].add_argument("--clients", type=int, default=3)
    commands.choices["up"].add_argument("--redhat", action="store_true", help="add a host with rpm packages")
    commands.choices["exec"].add_argument("host")
    commands.choices["exec"].add_argument("argv", nargs=argparse.REMAINDER, metavar="-- COMMAND")
    return parser


def _up(arguments: argparse.Namespace) -> None:
    prepare()
    begun = time.monotonic()
    lab = Lab.up(arguments.state, arguments.clients, redhat=arguments.redhat)
    sys.stderr.write(f"{len(lab.hosts)} hosts up in {time.monotonic() - begun:.1f} s\n")
    for host in lab.hosts.values():
        sys.stdout.write(f"{host.address}\t{host.fqdn}\t{host.role}\n")


def _exec(arguments: argparse.Namespace) -> None:
    lab = Lab.attach(arguments.state)
    argv = arguments.argv[1:] if arguments.argv[:1] == ["--"] else arguments.argv
    if arguments.host not in lab.hosts:
        raise LabError(f"no host {arguments.host}; there are {', '.join(lab.hosts)}")
    if not argv:
        raise LabError("no command to run")
    command = lab.command(arguments.host, *argv)
    os.execvp(command[0], command)  # noqa: S606 - the command of the user takes this process' place


def _down(arguments: argparse.Namespace) -> None:
    if any((arguments.state / name).exists() for name in (STATE_FILE, NEW_STATE_FILE)):
        Lab.attach(arguments.state).down()


def main() -> int:
    """Run one command."""
    arguments = _parser().parse_args()
    try:
        match arguments.command:
            case "prepare":
                prepare()
            case "up":
                _up(arguments)
            case "exec":
                _exec(arguments)
            case "estate":
                sys.stdout.write(f"{Lab.attach(arguments.state).estate}\n")
            case "down":
                _down(arguments)
    except LabError as error:
        sys.stderr.write(f"lab: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

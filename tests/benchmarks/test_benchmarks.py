"""What `make bench` times is the whole work, on both sides."""

from __future__ import annotations

from pathlib import Path

from tests.benchmarks import outcomes, ssh
from tests.benchmarks.measure import in_turn
from tests.transports.sshd import sshd


def test_all_outcomes_are_judged(tmp_path: Path) -> None:
    outcomes.check_once(outcomes.ours(tmp_path, hosts=5), 5 * outcomes.CHECKS)


def test_collecting_and_openssh_both_read_every_host(tmp_path: Path) -> None:
    with sshd(tmp_path / "sshd") as server:
        ours, theirs = ssh.prepare(server, 3)
        wall, cpu = in_turn("three hosts", ours, theirs, 1)
        assert server.log.count("Accepted publickey") == 3 * 3  # the warm-up, and one run of each
    assert wall.runs == cpu.runs == 1
    assert wall.median > 0

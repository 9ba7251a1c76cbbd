"""The plan as text: what would be checked, and what would be sent to each host."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from readiness.core.checks import Check
from readiness.core.errors import Problem
from readiness.core.outcomes import Target
from readiness.core.scripts import PlannedLogin, Script
from readiness.renderers.wording import number


def plan_lines(
    pairs: Sequence[tuple[Check, Target]],
    idle: Sequence[str],
    scripts: Mapping[str, Sequence[Script]],
    not_looked_at: Sequence[str],
    logins: Sequence[PlannedLogin],
    missing: Sequence[Problem],
) -> Iterator[str]:
    """The pairs, the logins and what is missing for them, each host's scripts with their texts; not cleaned."""
    yield f"{len(pairs)} pairs of check and target on {len(scripts)} hosts"
    for check, target in pairs:
        yield f"  {check.id} {check.severity:7} {target.id}: {check.title}"
    if idle:
        yield f"  without a target here: {', '.join(idle)}"
    yield from (f"not looked at: {what}" for what in not_looked_at)
    yield from _login_lines(logins, missing)
    own_tests = Counter(target.host for check, target in pairs if check.live)
    for host, batch in scripts.items():
        yield ""
        yield f"{host} is sent:"
        for script in batch:
            yield f"  {script.file} {' '.join(map(repr, script.arguments))}".rstrip()
        if tests := own_tests[host]:
            yield f"  what {number(tests, 'custom check')} of your own send, which only they know"
    texts = {script.sha256: script for batch in scripts.values() for script in batch}
    for script in sorted(texts.values(), key=lambda script: (script.file, script.sha256)):
        yield ""
        yield f"script {script.file}, sha256 {script.sha256}:"
        yield from (f"  {line}".rstrip() for line in script.text.splitlines())


def _login_lines(logins: Sequence[PlannedLogin], missing: Sequence[Problem]) -> Iterator[str]:
    """Where which credential goes, one after another with its hosts, and what is missing for that."""
    by_credential: dict[str, list[PlannedLogin]] = {}
    for login in logins:
        by_credential.setdefault(login.credential, []).append(login)
    yield ""
    yield "logins that a run would make:"
    for credential, same in by_credential.items():
        yield f"  {credential}:"
        yield from (f"    {login.to}: {login.address}, {login.proof}" for login in same)
    if missing:
        yield ""
        yield "a run would end as wrong input:"
        yield from (f"  {problem}" for problem in missing)

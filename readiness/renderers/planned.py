"""The plan as text: what would be checked, and what would be sent to each host."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from readiness.core.checks import Check
from readiness.core.outcomes import Target
from readiness.core.scripts import Script
from readiness.renderers.wording import number


def plan_lines(
    pairs: Sequence[tuple[Check, Target]], idle: Sequence[str], scripts: Mapping[str, Sequence[Script]]
) -> Iterator[str]:
    """The pairs, each host's scripts with their arguments, and every script's text; not cleaned."""
    yield f"{len(pairs)} pairs of check and target on {len(scripts)} hosts"
    for check, target in pairs:
        yield f"  {check.id} {check.severity:7} {target.id}: {check.title}"
    if idle:
        yield f"  without a target here: {', '.join(idle)}"
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

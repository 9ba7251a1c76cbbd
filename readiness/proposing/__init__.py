"""A baseline from what was read: no value that nobody has, none that is too weak, and none that agrees by itself."""

from __future__ import annotations

from dataclasses import dataclass

from readiness.core.basis import Basis, noting
from readiness.core.errors import InputError, NothingToCheck, ToolFault
from readiness.core.text import first_few, one_line
from readiness.estate import load_bytes
from readiness.estate.folder import BASELINE
from readiness.planning.inputs import CATALOGUE, Inputs, names_of
from readiness.proposing.gathering import Proposal, Store, not_reached, proposals
from readiness.proposing.writing import AGREED, EXEMPT, text_of

_MOST_HOSTS = 8


@dataclass(frozen=True)
class Proposed:
    """The text of a baseline.yaml, and whether everything that it needs was read."""

    text: str
    complete: bool
    stated: int
    left: int


def propose(inputs: Inputs, store: Store) -> Proposed:
    """A baseline that keeps what is stated and proposes the rest; NothingToCheck where no host was reached."""
    unreached = not_reached(inputs, store)
    if len(unreached) == len(inputs.estate.hosts):
        raise NothingToCheck("no host was reached: there is nothing to propose")
    with noting(Basis()):
        every = tuple(proposals(inputs, store))
    stated = inputs.baseline.model_dump(mode="json", by_alias=True, exclude_unset=True)
    agreed = stated.pop("agreed", None)
    lines = [*_head(inputs, agreed)]
    for reason in dict.fromkeys(unreached.values()):
        hosts = [host for host, why in unreached.items() if why == reason]
        lines.append(f"Not reached, and not in it: {first_few(hosts, _MOST_HOSTS)} ({one_line(reason, 200)})")
    text = text_of(stated, every, lines)
    _check(text, every, inputs)
    stands = sum(proposal.stands for proposal in every)
    complete = not unreached and all(proposal.is_read for proposal in every)
    return Proposed(text, complete, stands, len(every) - stands)


def _head(inputs: Inputs, agreed: dict[str, str] | None) -> list[str]:
    before = [f"What was stated before was agreed on by {agreed['by']} on {agreed['day']}."] if agreed else []
    return [
        f"Proposed from what was read at {inputs.as_of.isoformat()} of {one_line(inputs.estate.service, 200)}.",
        "It does not load until `by` and `day` above say who agreed on it, and when: read it first.",
        *before,
        "What all hosts have in common stands; a comment is for a person to decide: state it by taking its `# ` away,",
        f"or mend the hosts, or exempt it: {EXEMPT}",
    ]


def _check(text: str, every: tuple[Proposal, ...], inputs: Inputs) -> None:
    """Whether it loads once it is filled in, and states just what is proposed: whatever hosts have said."""
    filled = text.replace(AGREED, 'agreed: {by: nobody, day: "2000-01-01"}', 1)
    estate = {name: data for name, data in inputs.files.items() if not name.startswith(CATALOGUE)}
    try:
        loaded = load_bytes({**estate, BASELINE: filled.encode()}, names_of(inputs.catalogue), inputs.as_of)
    except InputError as error:
        raise ToolFault(f"what would be proposed does not load: {error.problems[0]}") from error
    stated = loaded.baseline.statements()
    for proposal in every:
        if (proposal.key in stated) != proposal.stands:
            raise ToolFault(f"what would be proposed states something else for {proposal.key}")

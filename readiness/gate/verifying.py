"""Whether a saved run holds together and its GO still holds: what `readiness verify` says of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import readiness
from readiness.core.errors import InputError, Problem, ReadinessError
from readiness.core.judge import settled, why_not_valid
from readiness.core.outcomes import EXIT_CODES, Outcome, Verdict
from readiness.core.text import first_few, one_line
from readiness.gate.records import FACT_KINDS
from readiness.gate.steps import report_on
from readiness.planning.inputs import inputs_again
from readiness.renderers.report import Report, renderers
from readiness.renderers.results import judgement_dict, outcomes_of
from readiness.renderers.terminal import last_line
from readiness.run_folder.names import FACTS, PLAN, RESULTS, RUN, TRANSCRIPT, to_json
from readiness.run_folder.saved import SavedRun
from readiness.run_folder.sealed import differing, unchecked_signatures

_OF_ALL = frozenset(f"*#{name}" for name in FACT_KINDS)
_PROVES = """\
Every file has the digest that manifest.json lists, nothing is missing or added, verdict.json is what the sealed files
give, and plan, inputs, results and reports do not contradict each other.
Of what hosts said and what was agreed only the digests were compared: `readiness judge RUN` judges them again.
Whoever may write to this folder can make all of it anew, manifest and verdict included, and no look at it would show
that: only a signature would."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What there is to say of a run that holds together, its verdict or why that does not hold, and the exit code.

    `lines` are all of it for people, clean and the verdict last.
    """

    notes: tuple[str, ...]
    word: str
    reason: str
    exit_code: int
    lines: tuple[str, ...]


def verified(saved: SavedRun, now: datetime) -> Verified:
    """What an unchanged run's verdict is worth at this time; InputError where its sealed files contradict each other.

    The exit code is the verdict's own, whatever the run was told to exit with, and 2 for a GO that does not hold.
    """
    if mistakes := contradictions(saved):
        raise InputError([Problem(str(saved.path), 0, 0, mistake) for mistake in mistakes])
    run = saved.run()
    judgement = run["judgement"]
    verdict, seal = Verdict(judgement["verdict"]), saved.verdict["manifest_sha256"]
    of = (run["run_id"], judgement["estate"], judgement["change"], run["as_of"])
    notes = ["Run {} of {}, change {}, as of {}.".format(*(one_line(str(text), 80) for text in of))]
    notes += [f"{name} is there, and this version does not look at it." for name in unchecked_signatures(saved.path)]
    if judgement["report_only"]:
        notes.append("The run was told to report only; the exit code here is the verdict's own.")
    began = max(datetime.fromisoformat(run[key]) for key in ("started_at", "as_of"))
    valid_until = datetime.fromisoformat(judgement["valid_until"])
    if reason := why_not_valid(verdict, began, valid_until, now):
        word = "EXPIRED" if now >= valid_until else "NOT_VALID"
        code = EXIT_CODES[Verdict.INCOMPLETE]
        return Verified(tuple(notes), word, reason, code, (*notes, _PROVES, f"{word.replace('_', ' ')}  {reason}"))
    code = EXIT_CODES[verdict]
    reasons = "; ".join(judgement["reasons"])
    said = f"{reasons}; valid until {judgement['valid_until']}" if code == 0 else reasons
    lines = (*notes, _PROVES, last_line(verdict, said, manifest_sha256=seal))
    return Verified(tuple(notes), verdict, said, code, lines)


def contradictions(saved: SavedRun) -> list[str]:
    """Where the sealed files of a run contradict each other, a line each; empty when they do not."""
    lines: list[str] = []
    try:
        lines += _contradictions(saved)
    except (ReadinessError, LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        lines.append(f"its sealed files hold what no run of this version writes: {type(error).__name__}: {error}")
    version = saved.verdict.get("tool_version")
    if lines and version != readiness.__version__:
        lines.append(f"was written by version {version}, and this is {readiness.__version__}: verify with that")
    return lines


def _contradictions(saved: SavedRun) -> Iterator[str]:
    run, plan, outcomes = saved.run(), saved.plan(), outcomes_of(saved.results())
    stated = run["judgement"]
    inputs = inputs_again(saved.inputs(), saved.as_of)
    report = report_on(
        outcomes, inputs, run_id=plan["run_id"], partial=stated["partial"], report_only=stated["report_only"]
    )
    yield from _of_run(run, plan, report)
    yield from _of_plan(saved, plan, outcomes)
    if any(plan["narrowing"].values()) and stated["partial"] is None:
        yield f"{RUN}: judgement.partial is null, and by {PLAN} the run was narrowed"
    if settled(outcomes) != outcomes:
        yield f"{RESULTS}: what some outcomes mean for the verdict does not follow from them"
    for name, renderer in renderers().items():
        if renderer.render(report) != saved.file(name):
            yield f"{name}: is not what {RESULTS}, {PLAN}, {RUN} and the inputs give"


def _of_run(run: Mapping[str, Any], plan: Mapping[str, Any], report: Report) -> Iterator[str]:
    """How `run.json` differs from what the other sealed files give; its times stand nowhere else."""
    for key in ("started_at", "finished_at", "as_of"):
        if datetime.fromisoformat(run[key]).tzinfo is None:
            yield f"{RUN}: {key} has no offset"
    given = {
        **{key: run[key] for key in ("started_at", "finished_at")},
        **{key: plan[key] for key in ("schema", "run_id", "as_of", "tool_version")},
        "judgement": json.loads(to_json(judgement_dict(report.judgement))),
    }
    for key, value, other in differing(run, given):
        yield f"{RUN}: {key} is {value}, and by the other sealed files {other}"


def _of_plan(saved: SavedRun, plan: Mapping[str, Any], outcomes: tuple[Outcome, ...]) -> Iterator[str]:
    """Where pairs, scripts or hosts of the plan are not those of the results, the texts, the facts."""
    planned = [tuple(pair) for pair in plan["pairs"]]
    judged = [(outcome.check, outcome.target) for outcome in outcomes]
    if planned != judged:
        odd = sorted({" ".join(pair) for pair in set(planned) ^ set(judged)}) or ["another order"]
        yield f"{RESULTS}: has not the pairs of {PLAN}: {first_few(odd)}"
    sent = {script["sha256"] for batch in plan["hosts"].values() for script in batch}
    texts = {digest for digest, script in plan["scripts"].items() if _sha256(script["text"]) == digest}
    if odd := sorted(sent ^ texts | plan["scripts"].keys() - texts):
        yield f"{PLAN}: scripts that do not have the digest under which they stand, or no text: {first_few(odd)}"
    facts, torn = saved.facts(FACT_KINDS)
    if torn or saved.transcript()[1]:
        yield f"{FACTS} or {TRANSCRIPT}: the last line is torn"
    if strange := sorted(facts.keys() - plan["hosts"].keys()):
        yield f"{FACTS}: hosts that {PLAN} does not name: {first_few(strange)}"
    sent_or_said = {line["ref"] for line in saved.transcript()[0]}
    of_facts = {reference for host in facts.values() for reference in host.evidence.values()}
    of_results = {reference for outcome in outcomes for reference in outcome.evidence} - _OF_ALL
    if absent := sorted((of_facts | of_results) - sent_or_said):
        yield f"{TRANSCRIPT}: has not the lines that {RESULTS} or {FACTS} rest on: {first_few(absent)}"
    if unread := sorted({reference.rpartition("#")[0] for reference in of_results} - facts.keys()):
        yield f"{FACTS}: has not the hosts that {RESULTS} rests on: {first_few(unread)}"


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()

"""The terminal: findings, counts, and the verdict as the last line; and progress while hosts are read.

No text of a host's ever starts a line: what wraps goes on behind a bar, since CI systems obey lines that begin with
`::` and lines with `##vso[`, whoever printed them.
"""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Self, TextIO

from readiness.core.outcomes import LIVE, Disposition, Outcome, Result, Verdict
from readiness.core.roots import ACCEPTED
from readiness.core.text import first_few, one_line
from readiness.renderers import page_one
from readiness.renderers.report import Report
from readiness.renderers.wording import VERDICTS, Finding, findings, in_short, number

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_VALUE, _REMEDY, _MOST = 400, 6000, 40
_WIDTH, _NARROWEST, _HEIGHT = 80, 20, 25
_STYLES: Mapping[Verdict, str] = {
    Verdict.GO: "bold green",
    Verdict.GO_WITH_CONDITIONS: "bold yellow",
    Verdict.NO_GO: "bold red",
}
_ADDRESS = r"[0-9a-f]{1,4}(?::[0-9a-f.]+)*(?:[\s,;/)]|$)"  # what follows the :: of ::1
_COMMAND = re.compile(rf"#(?=#(?:vso|teamcity)?\[)|(?<![^\s])::(?=[\w-])(?!{_ADDRESS})", re.IGNORECASE)


def shown(text: str, limit: int = _VALUE) -> str:
    """Text that is not ours, on one line, with nothing that a terminal or a CI system obeys."""
    return _COMMAND.sub(lambda match: f"{match.group()[:1]} {match.group()[1:]}", one_line(text, limit))


def last_line(verdict: Verdict, reasons: str, *, folder: object = None, manifest_sha256: str | None = None) -> str:
    """`NO-GO  3 blockers, 12 pairs not judged  report: PATH/summary.md  sha256:ab12..`, whatever ended the run."""
    parts = [VERDICTS[verdict], shown(reasons)]
    if folder is not None:
        parts.append(f"report: {shown(f'{folder}/summary.md')}")
    if manifest_sha256:
        parts.append(f"sha256:{manifest_sha256[:12]}..")
    return "  ".join(parts)


def show(
    report: Report,
    stream: TextIO,
    *,
    folder: object,
    manifest_sha256: str | None,
    colour: bool,
    width: int = _WIDTH,
    quiet: bool = False,
) -> None:
    """Print what came of a run; what matters most comes last, and the verdict is the last line, `quiet` the only one.

    A `width` of 0 is that of a terminal that does not say how wide it is.
    """
    from rich.console import Console  # noqa: PLC0415 - costs start-up, and only reports need it
    from rich.text import Text  # noqa: PLC0415 - as above

    console = Console(
        file=stream,
        width=max(width or _WIDTH, _NARROWEST),
        height=_HEIGHT,  # without it some terminals are 80 wide, whatever is said here
        force_terminal=colour,
        color_system="standard" if colour else None,
        markup=False,
        highlight=False,
        emoji=False,
        legacy_windows=False,
    )
    for line in () if quiet else _report(console, report, folder):
        console.print(line, soft_wrap=True)  # it has been wrapped behind its bar; a second time would lose that
    verdict = report.judgement.verdict
    head = VERDICTS[verdict]
    short = in_short(report.outcomes, report.judgement)
    rest = last_line(verdict, short, folder=folder, manifest_sha256=manifest_sha256).removeprefix(head)
    console.print(Text.assemble((head, _STYLES.get(verdict, "bold yellow")), rest), soft_wrap=True)


def _report(console: Console, report: Report, folder: object) -> Iterator[Text]:
    grouped, partial = findings(report.outcomes), report.judgement.partial
    for entries in (grouped.accepted, grouped.advice, grouped.not_judged, grouped.not_met):
        for finding in entries[:_MOST]:
            yield from _finding(console, finding)
        if left := entries[_MOST:]:
            pairs = sum(len(finding.targets) + finding.followers for finding in left)
            where = f"in {folder}/summary.md" if folder else "that --out would keep"
            more = f"{number(len(left), 'more finding')} ({number(pairs, 'pair')}) {where}"
            yield from _barred(console, [("...", more)])
    yield from _table(report.outcomes)
    yield from _barred(console, list(page_one.rows(report)))
    if report.judgement.exemptions:
        yield _line(f"AGREED NOT TO DEMAND: {page_one.exempted(report.judgement)}", "yellow")
        yield from _barred(console, list(page_one.exemptions(report.judgement)))
    if partial is not None:
        yield _line("LEFT OUT of this partial run:", "yellow")
        yield from _barred(console, [(key, _listed(value)) for key, value in partial.items()])
    gating = (finding.first for finding in grouped.not_met + grouped.not_judged)
    if check := next((outcome.check for outcome in gating if not outcome.message.startswith(LIVE)), None):
        yield _line(f"Why a check exists and how to mend it: readiness explain {shown(check, 40)}")


def _listed(value: object) -> str:
    return first_few([str(entry) for entry in value], 10) if isinstance(value, list | tuple) else str(value)


def _line(text: str, style: str = "") -> Text:
    from rich.text import Text  # noqa: PLC0415 - as above

    return Text(text, style=style)


def _finding(console: Console, finding: Finding) -> Iterator[Text]:
    first = finding.first
    state, style = _state(first)
    head = f"{state}  {first.severity}  {shown(first.check, 100)}  "
    yield from _wrapped(console, head, "  |   ", shown(first.title), style)
    rows = [("on", first_few([one_line(target, 60) for target in finding.targets]))]
    rows += finding.demand
    if first.waiver:
        rows.append((str(first.disposition), first.waiver))
    yield from _barred(console, rows)
    if finding.remedy:  # in one piece: it holds commands, keys and rules that are copied
        yield _line(f"  | {'remedy':9} {shown(finding.remedy, _REMEDY)}")
    if finding.owners:
        rows = [("owner", first_few([one_line(owner, 60) for owner in finding.owners], 3))]
        yield from _barred(console, rows)
    if finding.followers:
        checks = number(finding.followers, "pair")
        yield from _barred(console, [("...", f"and {checks} not judged that only follow from it")])


def _state(outcome: Outcome) -> tuple[str, str]:
    """The sign of a finding, in words, since colour is lost on paper and on some readers."""
    word = "NOT MET" if outcome.outcome is Result.FAIL else "NOT JUDGED"
    if outcome.disposition in ACCEPTED:
        return f"{outcome.disposition.upper()} ({word.lower()})", "cyan"
    if outcome.disposition is Disposition.ADVISORY:
        return f"ADVICE ({word.lower()})", "blue"
    return word, "red" if outcome.outcome is Result.FAIL else "yellow"


def _barred(console: Console, rows: Sequence[tuple[str, str]]) -> Iterator[Text]:
    """Label and text behind a bar, on every line that it wraps to."""
    for label, text in rows:
        lead = f"  | {shown(label, 30):9} "
        yield from _wrapped(console, lead, f"  |{' ' * (len(lead) - 3)}", shown(text), "")


def _wrapped(console: Console, first: str, then: str, text: str, style: str) -> Iterator[Text]:
    from rich.text import Text  # noqa: PLC0415 - as above

    lead = first
    for line in Text(text).wrap(console, max(console.width - max(len(first), len(then)), 20)):
        line.rstrip()
        yield Text.assemble(lead, line, style=style)
        lead = then


def _table(outcomes: Sequence[Outcome]) -> Iterator[Text]:
    """Counts by area, where `-` is a question nobody could answer and 0 an answer."""
    areas = list(dict.fromkeys(outcome.area for outcome in outcomes))
    if not areas:
        return
    wide = max(len("area"), *(len(shown(area, 20)) for area in areas))
    yield _line(f"{'area':{wide}}  pairs    met  not met  not judged  n/a  accepted")
    for area in areas:
        own = [outcome for outcome in outcomes if outcome.area == area]
        accepted = sum(outcome.disposition in ACCEPTED for outcome in own)
        count = Counter(outcome.outcome for outcome in own)
        judged = count[Result.PASS] + count[Result.FAIL]
        met, not_met = (count[Result.PASS], count[Result.FAIL]) if judged else ("-", "-")
        yield _line(
            f"{shown(area, 20):{wide}}  {len(own):5}  {met:>5}  {not_met:>7}  {count[Result.UNKNOWN]:10}"
            f"  {count[Result.NOT_APPLICABLE]:3}  {accepted:8}"
        )
    yield _line("-: nobody looked; 0: looked at, and none. Accepted ones are in both columns.")


class Progress:
    """How far the reading of hosts is, on stderr: a live line on a terminal, elsewhere a plain line now and then.

    `live`: this is a terminal of this `width`, and no CI job. Any thread may report a host.
    """

    def __init__(
        self,
        stream: TextIO,
        total: int,
        *,
        live: bool,
        width: int = _WIDTH,
        every_s: float = 30.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stream, self._total, self._live, self._clock = stream, total, live, clock
        self._longest = max(width or _WIDTH, _NARROWEST) - 1  # one that wraps could not be written over
        self._every_s = 1.0 if live else every_s
        self._begun = clock()
        self._hosts: list[tuple[float, str]] = []
        self._guard = threading.Lock()
        self._end = threading.Event()
        self._ticker = threading.Thread(target=self._tick, name="progress", daemon=True)

    def __enter__(self) -> Self:
        self._ticker.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end.set()
        self._ticker.join()
        with self._guard:
            self._write(self._status(), last=True)
            for seconds, host in sorted(self._hosts, reverse=True)[:5] if self._total > 1 else []:
                self._stream.write(f"  | {seconds:6.1f} s  {shown(host, 40)}\n")
            self._stream.flush()

    def host_done(self, name: str, seconds: float) -> None:
        """A host was read, or given up."""
        with self._guard:
            self._hosts.append((seconds, name))
            if self._live:
                self._write(self._status())

    def _tick(self) -> None:
        while not self._end.wait(self._every_s):
            with self._guard:
                self._write(self._status())

    def _status(self) -> str:
        done, elapsed = len(self._hosts), self._clock() - self._begun
        status = f"reading hosts: {done} of {self._total} done, {elapsed:.0f} s"
        if 0 < done < self._total:
            status += f", about {elapsed / done * (self._total - done):.0f} s left"
        if self._hosts:
            seconds, host = max(self._hosts)
            status += f"; slowest {shown(host, 40)} {seconds:.1f} s"
        return status

    def _write(self, text: str, *, last: bool = False) -> None:
        if self._live:  # back to the start of the line, and clear what was there
            self._stream.write(f"\r\x1b[K{text[: self._longest]}" + ("\n" if last else ""))
        else:
            self._stream.write(f"{text}\n")
        self._stream.flush()

"""Are the certificates that the configuration names in order: for whom, from whom, how long, how strong."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from readiness.checking import (
    Baseline,
    CertificateFile,
    Certificates,
    Facts,
    Inputs,
    MachineCertificate,
    MachineCertificates,
    PeerOnHost,
    RoleOnHost,
    Target,
    WinrmListener,
    check,
    counterpart,
    each_configured_role,
    each_named_role,
    each_windows_host,
    expect_that,
    not_applicable,
    unknown,
)
from readiness.checking import certificates as judging
from readiness.checking.configured import NEEDS as CONFIGURED
from readiness.checking.configured import naming, resources_of

NEEDS = (*CONFIGURED, Certificates)
DAYS_LEFT = 30
_SHOWN = 8
_CERTIFICATES = ("certificate", "key_and_certificate")
_KEYS = ("key", "key_and_certificate")


@dataclass(frozen=True)
class Named:
    """The files that one resource names for one purpose, by what they hold: `tls`, or the encryption of `data`."""

    place: str
    purpose: str
    files: dict[str, list[CertificateFile]]

    def holding(self, *kinds: str) -> list[CertificateFile]:
        """Those that hold one of these."""
        return [file for kind in kinds for file in self.files.get(kind, [])]


def _file(path: str, read: Certificates, blocked_by: str | tuple[()]) -> CertificateFile:
    if not read.cover(path):
        told = f"{path} lies in none of the folders that are read: {', '.join(read.folders)}"
        unknown(told, blocked_by=blocked_by)
    return read.at(path) or CertificateFile(path, "", "", "")


def _named(held: RoleOnHost, facts: Facts, blocked_by: str | tuple[()] = ()) -> list[Named]:
    """What each resource names, one entry for each set of files."""
    read = facts.of(held.host.name).need(Certificates)
    found: dict[tuple[str, ...], Named] = {}
    for resource in resources_of(held, facts):
        purposes: dict[str, dict[str, list[CertificateFile]]] = {}
        for one in held.product.certificate_directives:
            path = resource.value(one.directive) if any(map(resource.is_kind, one.resources)) else None
            if path is not None and one.holds == "ca_directory":
                told = f"{one.directive} at {resource.location} is a folder, and which of its files counts is not read"
                unknown(told, blocked_by=blocked_by)
            if path is not None:
                purposes.setdefault(one.purpose, {}).setdefault(one.holds, []).append(_file(path, read, blocked_by))
        for purpose, files in purposes.items():
            key = (purpose, *(file.path for kind in files.values() for file in kind))
            found.setdefault(key, Named(resource.location, purpose, files))
    if not found:
        not_applicable(f"the configuration of {held.id} names no certificate")
    return list(found.values())


def _rest(held: RoleOnHost, facts: Facts) -> list[Named]:
    """The same for every check but CRT-001, which reports what is not there."""
    return _named(held, facts, f"CRT-001 {held.id}")


def _loaded(held: RoleOnHost, facts: Facts) -> Iterator[tuple[Named, CertificateFile, judging.Certificate]]:
    """The certificates that stand for the host itself, each with the resource that names it."""
    for named in _rest(held, facts):
        for file in named.holding(*_CERTIFICATES):
            if not file.certificates:
                unknown(f"there is no certificate in {file.path}", blocked_by=f"CRT-001 {held.id}")
            try:
                yield named, file, judging.load(file.certificates)
            except ValueError as error:
                unknown(f"{file.path} holds no certificate that can be read: {error}")


def _stated(flaws: Sequence[str], fine: Sequence[str], expected: str, severity: str | None = None) -> None:
    """One text for each file, since several resources name the same ones."""
    told = list(dict.fromkeys(flaws or fine))
    if not told:
        unknown("the configuration names nothing of the kind")
    more = f"; and {len(told) - _SHOWN} more" if len(told) > _SHOWN else ""
    expect_that(not flaws, expected=expected, found="; ".join(told[:_SHOWN]) + more, severity=severity)


@check(
    "CRT-001",
    severity="blocker",
    targets=each_configured_role,
    needs=NEEDS,
    remedy="Put the file where the configuration says it is, or correct the configuration.",
    source="the product's catalogue entry, certificate_directives",
)
def test_named_files_hold_what_they_should(target: Target, facts: Facts) -> None:
    """The certificates and keys that the configuration names are there.

    A daemon that cannot read them does not start again after its next restart.
    """
    flaws: list[str] = []
    fine: list[str] = []
    for named in _named(target.subject, facts):
        for kind, files in named.files.items():
            for file in files:
                lacks = [kind] if not file.is_there else []
                if kind in {"certificate", "key_and_certificate", "ca"} and not file.certificates:
                    lacks.append("certificate")
                if kind in _KEYS and file.is_there and not file.public_key:
                    unknown(f"the key in {file.path} cannot be read: no key, or one with a passphrase")
                (flaws if lacks else fine).append(f"no {lacks[0]} in {file.path}" if lacks else file.path)
    _stated(flaws, fine, "every file that the configuration names, with what it should hold")


@check(
    "CRT-002",
    severity="blocker",
    targets=each_named_role,
    needs=NEEDS,
    remedy="Issue a certificate for the name by which the server calls this host, or correct that name.",
    source="RFC 6125 section 6; Bacula 9.6.7, tls_postconnect_verify_host",
)
def test_certificate_is_for_the_name_that_peers_use(target: Target, facts: Facts, baseline: Baseline) -> None:
    """The certificate is for the name by which the server calls this host.

    Only what the server's own configuration says counts: that is the name it compares.
    """
    subject: PeerOnHost = target.subject
    counterpart(baseline, subject.holder.product.product, subject.peer.role, subject.other)
    names = {one.value(subject.peer.address) for one in naming(subject, facts)}
    if not names:
        unknown("the server has no resource for this host", blocked_by=f"CFG-003 {target.id}")
    flaws: list[str] = []
    fine: list[str] = []
    for named, file, one in _loaded(subject.holder, facts):
        if named.purpose != "tls" or "certificate" not in named.files:
            continue
        told = f"{file.path} is for {', '.join(sorted(judging.names_of(one.own))) or 'nobody'}"
        is_for = all(judging.is_for(one.own, str(name)) for name in names)
        (fine if is_for else flaws).append(told)
    _stated(flaws, fine, f"a certificate for {', '.join(sorted(map(str, names)))}")


@check(
    "CRT-003",
    severity="blocker",
    targets=each_configured_role,
    needs=NEEDS,
    remedy="Renew the certificate before the cutover, and say who renews it the next time.",
    source="RFC 5280 section 4.1.2.5; products.md section 0: more than 30 days left",
)
def test_certificate_lasts(target: Target, facts: Facts, inputs: Inputs) -> None:
    """The certificate is valid to the end of the cutover, and another 30 days.

    The later of now and the end of the cutover counts, so that nothing expires on the way.
    """
    when = max(inputs.as_of, inputs.estate.cutover.end)
    soon: list[str] = []
    flaws: list[str] = []
    fine: list[str] = []
    for _, file, one in _loaded(target.subject, facts):
        until = f"{file.path} is valid to {one.own.not_valid_after_utc:%Y-%m-%d}"
        if flaw := judging.flaw_in_time(one.own, when) or judging.flaw_in_time(one.own, inputs.as_of):
            flaws.append(f"{file.path} {flaw}")
        elif not judging.lasts(one.own, when, DAYS_LEFT):
            soon.append(until)
        else:
            fine.append(until)
    end = f"{when:%Y-%m-%d %H:%M %Z}"
    if flaws:
        _stated(flaws, fine, f"certificates valid at {end}")
    _stated(soon, fine, f"certificates valid {DAYS_LEFT} days after {end}", severity="minor")


@check(
    "CRT-004",
    severity="blocker",
    targets=each_configured_role,
    needs=NEEDS,
    remedy="Add the certificates between to the file, or name the authority that has issued it.",
    source="RFC 5280 section 6",
)
def test_chain_leads_to_the_named_authority(target: Target, facts: Facts, inputs: Inputs) -> None:
    """A chain leads from the certificate to the authority that the same resource names.

    What both ends trust is one authority as a rule: a certificate of another one is refused by the peer.
    """
    when = max(inputs.as_of, inputs.estate.cutover.end)
    flaws: list[str] = []
    fine: list[str] = []
    for named, file, one in _loaded(target.subject, facts):
        authorities = [text for ca in named.holding("ca") for text in ca.certificates]
        if named.holding("ca") and not authorities:
            unknown(f"no authority was read for {named.place}", blocked_by=f"CRT-001 {target.subject.id}")
        if not authorities:
            continue  # what it is held against is no file of an authority's: data are encrypted for a key itself
        loaded = judging.load(authorities)
        flaw = judging.flaw_in_chain(one, (loaded.own, *loaded.others), when)
        told = f"{file.path}: {flaw}" if flaw else f"{file.path} from {loaded.title}"
        (flaws if flaw else fine).append(told)
    _stated(flaws, fine, "a chain to the authority named")


@check(
    "CRT-005",
    severity="major",
    targets=each_configured_role,
    needs=NEEDS,
    remedy="Issue a certificate with an RSA key of 2048 bits or more, or on P-256, signed with SHA-256.",
    source="NIST SP 800-131A Rev. 2, sections 3 and 9",
)
def test_certificate_is_strong(target: Target, facts: Facts) -> None:
    """Keys and signatures of the certificates are strong enough.

    RSA of 2048 bits, curves of 224, no MD5 and no SHA-1; the least that NIST still accepts.
    """
    flaws: list[str] = []
    fine: list[str] = []
    for _, file, one in _loaded(target.subject, facts):
        for each in (one.own, *one.others):
            flaw = judging.weakness(each)
            told = f"{file.path} {flaw}" if flaw else f"{file.path} {judging.strength(each)}"
            (flaws if flaw else fine).append(told)
    _stated(flaws, fine, "RSA of 2048 bits or a curve of 224 bits at least, no MD5, no SHA-1")


@check(
    "CRT-006",
    severity="blocker",
    targets=each_configured_role,
    needs=NEEDS,
    remedy="Put certificate and key of one request side by side.",
    source="RFC 5280 section 4.1.2.7",
)
def test_key_belongs_to_its_certificate(target: Target, facts: Facts) -> None:
    """Each private key is the one of the certificate beside it.

    Compared by the public half, which openssl makes on the host.
    """
    flaws: list[str] = []
    fine: list[str] = []
    for named, file, one in _loaded(target.subject, facts):
        for key in named.holding(*_KEYS):
            if not key.public_key:
                unknown(f"the key in {key.path} cannot be read", blocked_by=f"CRT-001 {target.subject.id}")
            told = f"{key.path} and {file.path}"
            (fine if judging.belongs(one.own, key.public_key) else flaws).append(told)
    _stated(flaws, fine, "the key of each certificate")


@check(
    "CRT-007",
    severity="major",
    targets=each_configured_role,
    needs=NEEDS,
    remedy="chmod o= on the key (Windows: icacls /inheritance:r); if others could read it for long, issue a new one.",
    source="Bacula manual, TLS: the key must be readable by the daemon only",
)
def test_key_is_not_for_others(target: Target, facts: Facts) -> None:
    """Nobody but owner and group may read a private key, on Windows none of the accounts that everybody has."""
    flaws: list[str] = []
    fine: list[str] = []
    for named in _rest(target.subject, facts):
        for key in named.holding(*_KEYS):
            if not key.is_there:
                unknown(f"there is no {key.path}", blocked_by=f"CRT-001 {target.subject.id}")
            (flaws if key.read_by_others else fine).append(str(key))
    _stated(flaws, fine, "keys that others may not read")


def _until(one: MachineCertificate) -> str:
    ends = datetime.fromtimestamp(one.ends_at_s, UTC)
    return f"{one.subject or one.thumbprint} in {one.store} to {ends:%Y-%m-%d %H:%M} UTC"


def _judge_in_time(certificates: Sequence[MachineCertificate], inputs: Inputs) -> None:
    """All of them are valid at the later of now and the end of the cutover, and another 30 days."""
    when = max(inputs.as_of, inputs.estate.cutover.end)
    end, later = when.timestamp(), (when + timedelta(days=DAYS_LEFT)).timestamp()
    fine = [_until(one) for one in certificates]
    now = inputs.as_of.timestamp()
    over = [_until(one) for one in certificates if one.begins_at_s > now or one.ends_at_s < end]
    _stated(over, fine, f"certificates valid now and at {when:%Y-%m-%d %H:%M %Z}")
    soon = [_until(one) for one in certificates if one.ends_at_s < later]
    _stated(soon, fine, f"and {DAYS_LEFT} days after it", severity="minor")


@check(
    "CRT-008",
    severity="blocker",
    targets=each_windows_host,
    needs=(MachineCertificates,),
    remedy="Renew it, bind what uses it to the new one, and remove it if nothing does.",
    source="RFC 5280 section 4.1.2.5; learn.microsoft.com, Certificate provider",
)
def test_certificates_of_the_machine_last(facts: Facts, inputs: Inputs) -> None:
    """The machine's own certificates are valid to the end of the cutover, and another 30 days.

    Those with a private key in the stores My and WebHosting, which services present; of several of one issuer for one
    subject and the same names the one that lasts longest, since Windows keeps what was renewed.
    """
    latest: dict[tuple[str, ...], MachineCertificate] = {}
    now_s = inputs.as_of.timestamp()
    for one in facts.need(MachineCertificates).certificates:
        if one.has_key and one.store in {"My", "WebHosting"}:
            key = (one.store, one.subject or one.thumbprint, one.issuer, *sorted(one.dns_names))
            latest[key] = max(latest.get(key, one), one, key=lambda each: (each.begins_at_s <= now_s, each.ends_at_s))
    if not latest:
        not_applicable("the stores My and WebHosting hold no certificate with a private key")
    _judge_in_time(list(latest.values()), inputs)


@check(
    "CRT-009",
    severity="major",
    targets=each_windows_host,
    needs=(MachineCertificates,),
    remedy="Renew it and set the listener's CertificateThumbprint, before nobody gets in to mend anything.",
    source="learn.microsoft.com, winrm listener configuration; RFC 5280 section 4.1.2.5",
)
def test_certificate_of_the_way_in_lasts(facts: Facts, inputs: Inputs) -> None:
    """The certificate of the WinRM listener is valid to the end of the cutover, and another 30 days.

    The one that was presented, found in the machine's store by its digest.
    """
    listener = facts.need(WinrmListener)
    if listener.certificate_sha256 is None:
        not_applicable(f"the host was reached over WinRM at port {listener.port} without TLS")
    certificates = facts.need(MachineCertificates).certificates
    presented = [one for one in certificates if one.sha256 == listener.certificate_sha256.lower()]
    if not presented:
        unknown(f"none of the machine's {len(certificates)} certificates is the one that its WinRM listener presents")
    _judge_in_time(presented[:1], inputs)

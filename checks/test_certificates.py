"""Are the certificates that the configuration names in order: for whom, from whom, how long, how strong."""

from collections.abc import Collection, Iterator
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
    Missing,
    PeerOnHost,
    RoleOnHost,
    TargetOf,
    WinrmListener,
    certificates,
    check,
    counterpart,
    each_named_role,
    each_role,
    each_windows_host,
    expect_each,
    is_configured,
    not_applicable,
    unknown,
)
from readiness.checking.configured import NEEDS as CONFIGURED
from readiness.checking.configured import naming, resources_of, stated_in

NEEDS = (*CONFIGURED, Certificates)
DAYS_LEFT = 30
_CERTIFICATES = ("certificate", "key_and_certificate")
_KEYS = ("key", "key_and_certificate")


@dataclass(frozen=True)
class Named:
    """The files that one resource names for one purpose, by what they hold: `tls`, or the encryption of `data`."""

    location: str
    purpose: str
    files: dict[str, list[CertificateFile]]

    def holding(self, *kinds: str) -> list[CertificateFile]:
        """Those that hold one of these."""
        return [file for kind in kinds for file in self.files.get(kind, [])]


def _file(path: str, read: Certificates, blocked_by: str | tuple[()]) -> CertificateFile:
    if file := read.at(path):
        return file
    if why := read.why_unread(path):
        unknown(f"{path} was not read: {why}", blocked_by=blocked_by)
    if not read.cover(path):
        reason = f"{path} lies in none of the folders that are read: {', '.join(read.folders)}"
        folder = path.rpartition("/")[0]
        remedy = f" (reads: [{folder}] at the host in estate.yaml adds one)" if folder else ""
        unknown(reason + remedy, blocked_by=blocked_by)
    return CertificateFile(path, "", "", "")


def _named(own: RoleOnHost, facts: Facts, blocked_by: str | tuple[()] = ()) -> list[Named]:
    """What each resource names, one entry for each set of files."""
    read = facts.of(own.host.name).need(Certificates)
    sets: dict[tuple[str, ...], Named] = {}
    for resource in resources_of(own, facts):
        purposes: dict[str, dict[str, list[CertificateFile]]] = {}
        for entry in own.product.certificate_directives:
            named = any(map(resource.is_kind, entry.resources))
            path = stated_in(resource, entry.directive, blocked_by) if named else None
            if path is not None and entry.holds == "ca_directory":
                reason = (
                    f"{entry.directive} at {resource.location} is a folder, and which of its files counts is not read"
                )
                unknown(reason, blocked_by=blocked_by)
            if path is not None:
                purposes.setdefault(entry.purpose, {}).setdefault(entry.holds, []).append(_file(path, read, blocked_by))
        for purpose, files in purposes.items():
            key = (purpose, *(file.path for kind in files.values() for file in kind))
            sets.setdefault(key, Named(resource.location, purpose, files))
    if not sets:
        not_applicable(f"the configuration of {own.id} names no certificate")
    return list(sets.values())


def _rest(own: RoleOnHost, facts: Facts) -> list[Named]:
    """What each resource names, for every check but CRT-001, which reports what is not there."""
    return _named(own, facts, f"CRT-001 {own.id}")


def _loaded(own: RoleOnHost, facts: Facts) -> Iterator[tuple[Named, CertificateFile, certificates.Certificate]]:
    """The certificates that stand for the host itself, each with the resource that names it."""
    for named in _rest(own, facts):
        for file in named.holding(*_CERTIFICATES):
            if not file.certificates:
                unknown(f"there is no certificate in {file.path}", blocked_by=f"CRT-001 {own.id}")
            try:
                yield named, file, certificates.load(file.certificates)
            except ValueError as error:
                unknown(f"{file.path} holds no certificate that can be read: {error}")


@check(
    "CRT-001",
    severity="blocker",
    targets=each_role(is_configured),
    needs=NEEDS,
    remedy="Put the file where the configuration says it is, or correct the configuration.",
    source="readiness/products/*.yaml, certificate_directives",
)
def test_named_files_hold_what_they_should(target: TargetOf[RoleOnHost], facts: Facts) -> None:
    """The certificates and keys that the configuration names are there.

    A daemon that cannot read them does not start again after its next restart.
    """
    files = (
        (kind, file) for named in _named(target.subject, facts) for kind in named.files for file in named.files[kind]
    )
    expected = "every file that the configuration names, with what it should hold"
    expect_each((_as_named(kind, file) for kind, file in files), expected=expected)


def _as_named(kind: str, file: CertificateFile) -> tuple[bool, str]:
    """Whether a file holds what its directive is for."""
    if not file.is_there:
        return False, f"no {kind} in {file.path}"
    if kind in _KEYS and not file.public_key:
        unknown(f"the key in {file.path} cannot be read: {file.locked or 'there is none'}")
    if kind in {"certificate", "key_and_certificate", "ca"} and not file.certificates:
        return False, f"no certificate in {file.path}"
    return True, file.path


@check(
    "CRT-002",
    severity="blocker",
    targets=each_named_role,
    needs=NEEDS,
    remedy="Issue a certificate for the name by which the server calls this host, or correct that name.",
    source="RFC 6125 section 6; Bacula 9.6.7, src/lib/tls.c, tls_postconnect_verify_host",
)
def test_certificate_is_for_the_name_that_peers_use(
    target: TargetOf[PeerOnHost], facts: Facts, baseline: Baseline
) -> None:
    """The certificate is for the name by which the server calls this host.

    Only what the server's own configuration says counts: that is the name it compares.
    """
    subject = target.subject
    counterpart(baseline, target, subject.own.product.product, subject.peer.role, subject.other)
    names = sorted({str(resource.value(subject.peer.address)) for resource in naming(subject, facts)})
    if not names:
        unknown("the server has no resource for this host", blocked_by=f"CFG-003 {target.id}")
    findings = (
        (
            all(certificates.is_for(certificate.own, name) for name in names),
            f"{file.path} is for {', '.join(sorted(certificates.names_of(certificate.own))) or 'nobody'}",
        )
        for named, file, certificate in _loaded(subject.own, facts)
        if named.purpose == "tls" and "certificate" in named.files
    )
    expect_each(findings, expected=f"a certificate for {', '.join(names)}")


@check(
    "CRT-003",
    severity="blocker",
    targets=each_role(is_configured),
    needs=NEEDS,
    remedy="Renew the certificate before the cutover, and say who renews it the next time.",
    source="RFC 5280 section 4.1.2.5; https://letsencrypt.org/docs/integration-guide/ (renew 30 of 90 days before)",
)
def test_certificate_lasts(target: TargetOf[RoleOnHost], facts: Facts, inputs: Inputs) -> None:
    """The certificate is valid to the end of the cutover, and another 30 days.

    The later of now and the end of the cutover counts, so that nothing expires on the way.
    """
    when = inputs.estate.cutover.end_from(inputs.as_of)
    loaded = [(file.path, certificate.own) for _, file, certificate in _loaded(target.subject, facts)]
    until = [f"{path} is valid to {own.not_valid_after_utc:%Y-%m-%d}" for path, own in loaded]
    flaws = [certificates.flaw_in_time(own, when) or certificates.flaw_in_time(own, inputs.as_of) for _, own in loaded]
    findings = [
        (not flaw, f"{path} {flaw}" if flaw else text)
        for (path, _), flaw, text in zip(loaded, flaws, until, strict=True)
    ]
    end = f"{when:%Y-%m-%d %H:%M %Z}"
    expect_each(findings, expected=f"certificates valid at {end}")
    lasting = [(certificates.lasts(own, when, DAYS_LEFT), text) for (_, own), text in zip(loaded, until, strict=True)]
    expect_each(lasting, expected=f"valid {DAYS_LEFT} days after {end}", severity="minor")


@check(
    "CRT-004",
    severity="blocker",
    targets=each_role(is_configured),
    needs=NEEDS,
    remedy="Add the certificates between to the file, or name the authority that has issued it.",
    source="RFC 5280 section 6",
)
def test_chain_leads_to_the_named_authority(target: TargetOf[RoleOnHost], facts: Facts, inputs: Inputs) -> None:
    """A chain leads from the certificate to the authority that the same resource names.

    What both ends trust is one authority as a rule: a certificate of another one is refused by the peer.
    """
    when = inputs.estate.cutover.end_from(inputs.as_of)
    findings = []
    for named, file, certificate in _loaded(target.subject, facts):
        authorities = [text for ca in named.holding("ca") for text in ca.certificates]
        if named.holding("ca") and not authorities:
            unknown(f"no authority was read for {named.location}", blocked_by=f"CRT-001 {target.subject.id}")
        if not authorities:
            continue  # no authority is named: data are encrypted for the key itself
        ca = certificates.load(authorities)
        flaw = certificates.flaw_in_chain(certificate, (ca.own, *ca.others), when)
        findings.append((not flaw, f"{file.path}: {flaw}" if flaw else f"{file.path} from {ca.title}"))
    expect_each(findings, expected="a chain to the authority named")


@check(
    "CRT-005",
    severity="major",
    targets=each_role(is_configured),
    needs=NEEDS,
    remedy="Issue a certificate with an RSA key of 2048 bits or more, or on P-256, signed with SHA-256.",
    source="NIST SP 800-131A Rev. 2, sections 3 and 9",
)
def test_certificate_is_strong(target: TargetOf[RoleOnHost], facts: Facts) -> None:
    """Keys and signatures of the certificates are strong enough.

    RSA of 2048 bits, curves of 224, no MD5 and no SHA-1; the least that NIST still accepts.
    """
    findings = []
    for _, file, loaded in _loaded(target.subject, facts):
        for certificate in (loaded.own, *loaded.others):
            flaw = certificates.weakness(certificate)
            findings.append((not flaw, f"{file.path} {flaw or certificates.strength(certificate)}"))
    expect_each(findings, expected="RSA of 2048 bits or a curve of 224 bits at least, no MD5, no SHA-1")


@check(
    "CRT-006",
    severity="blocker",
    targets=each_role(is_configured),
    needs=NEEDS,
    remedy="Put certificate and key of one request side by side.",
    source="RFC 5280 section 4.1.2.7",
)
def test_key_belongs_to_its_certificate(target: TargetOf[RoleOnHost], facts: Facts) -> None:
    """Each private key is the one of the certificate beside it.

    Compared by the digest of the public half, which openssl makes on the host.
    """
    findings = []
    for named, file, certificate in _loaded(target.subject, facts):
        for key in named.holding(*_KEYS):
            if not key.public_key:
                unknown(f"the key in {key.path} cannot be read", blocked_by=f"CRT-001 {target.subject.id}")
            findings.append((certificates.belongs(certificate.own, key.public_key), f"{key.path} and {file.path}"))
    expect_each(findings, expected="the key of each certificate")


@check(
    "CRT-007",
    severity="major",
    targets=each_role(is_configured),
    needs=NEEDS,
    remedy="chmod o= or setfacl -x on it (Windows: icacls /inheritance:r); issue a new one if it was open for long.",
    source="Bacula 9.6 main manual (https://www.bacula.org/9.6.x-manuals/en/main/), TLS Communications, TLS Key",
)
def test_key_is_not_for_others(target: TargetOf[RoleOnHost], facts: Facts) -> None:
    """Nobody but owner and group may read a private key, on Windows none of the accounts that everybody has."""
    findings = []
    for named in _rest(target.subject, facts):
        for key in named.holding(*_KEYS):
            if not key.is_there:
                unknown(f"there is no {key.path}", blocked_by=f"CRT-001 {target.subject.id}")
            if isinstance(key.access, Missing):
                unknown(f"{key.path}: {key.access.detail}: {key.access.remedy}")
            accounts = target.subject.role.own_accounts() if key.access else ()
            flaws = [entry.says(key.path, entry.bits) for entry in key.readers_by_list(accounts)]
            findings.append((not key.read_by_others and not flaws, "; ".join([str(key), *flaws])))
    expect_each(findings, expected="keys that others may not read")


def _until(certificate: MachineCertificate) -> str:
    ends = datetime.fromtimestamp(certificate.ends_at_s, UTC)
    name = certificate.subject or certificate.thumbprint
    return f"{name} in {certificate.store} to {ends:%Y-%m-%d %H:%M} UTC"


def _expect_to_last(listed: Collection[MachineCertificate], inputs: Inputs) -> None:
    """All of them are valid at the later of now and the end of the cutover, and another 30 days."""
    when = inputs.estate.cutover.end_from(inputs.as_of)
    now_s, end_s, later_s = (time.timestamp() for time in (inputs.as_of, when, when + timedelta(days=DAYS_LEFT)))
    valid = [(own.begins_at_s <= now_s and own.ends_at_s >= end_s, _until(own)) for own in listed]
    expect_each(valid, expected=f"certificates valid now and at {when:%Y-%m-%d %H:%M %Z}")
    lasting = [(own.ends_at_s >= later_s, _until(own)) for own in listed]
    later = f"valid {DAYS_LEFT} days after {when:%Y-%m-%d %H:%M %Z}"
    expect_each(lasting, expected=later, severity="minor")


@check(
    "CRT-008",
    severity="blocker",
    targets=each_windows_host,
    needs=(MachineCertificates,),
    remedy="Renew it, bind what uses it to the new one, and remove it if nothing does.",
    source="RFC 5280 section 4.1.2.5; "
    "https://learn.microsoft.com/powershell/module/microsoft.powershell.security/about/about_certificate_provider",
)
def test_certificates_of_the_machine_last(facts: Facts, inputs: Inputs) -> None:
    """The machine's own certificates are valid to the end of the cutover, and another 30 days.

    Those with a private key in the stores My and WebHosting, which services present; of several of one issuer for one
    subject and the same names the one that lasts longest, since Windows keeps what was renewed.
    """
    latest: dict[tuple[str, ...], MachineCertificate] = {}
    now_s = inputs.as_of.timestamp()
    for own in facts.need(MachineCertificates).certificates:
        if own.has_key and own.store in {"My", "WebHosting"}:
            key = (own.store, own.subject or own.thumbprint, own.issuer, *sorted(own.dns_names))
            latest[key] = max(latest.get(key, own), own, key=lambda item: (item.begins_at_s <= now_s, item.ends_at_s))
    if not latest:
        not_applicable("the stores My and WebHosting hold no certificate with a private key")
    _expect_to_last(latest.values(), inputs)


@check(
    "CRT-009",
    severity="major",
    targets=each_windows_host,
    needs=(MachineCertificates, WinrmListener),
    remedy="Renew it and set the listener's CertificateThumbprint, before nobody gets in to mend anything.",
    source="RFC 5280 section 4.1.2.5; "
    "https://learn.microsoft.com/troubleshoot/windows-client/system-management-components/configure-winrm-for-https",
)
def test_certificate_of_the_way_in_lasts(facts: Facts, inputs: Inputs) -> None:
    """The certificate of the WinRM listener is valid to the end of the cutover, and another 30 days.

    The one that was presented, found in the machine's store by its digest.
    """
    listener = facts.need(WinrmListener)
    if listener.certificate_sha256 is None:
        not_applicable(f"the host was reached over WinRM at port {listener.port} without TLS")
    listed = facts.need(MachineCertificates).certificates
    presented = [own for own in listed if own.sha256 == listener.certificate_sha256.lower()]
    if not presented:
        unknown(f"none of the machine's {len(listed)} certificates is the one that its WinRM listener presents")
    _expect_to_last(presented[:1], inputs)

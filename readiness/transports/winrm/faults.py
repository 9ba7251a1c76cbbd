"""What a WinRM host's refusals mean, by their codes: texts are localised."""

from __future__ import annotations

from readiness.core.facts import Missing, Why
from readiness.core.text import one_line
from readiness.transports.winrm.login import REFUSED
from readiness.transports.winrm.target import WinrmTarget

# Codes of WSManFault and of MSFT_WmiError: Win32/System/RemoteManagement and winerror.h.
_ACCESS_DENIED = {5, 0x80070005}
_QUOTAS = {
    2150859173: ("MaxShellsPerUser", "close shells that are left open, or raise MaxShellsPerUser"),
    2150859174: ("MaxConcurrentOperationsPerUser", "raise MaxConcurrentOperationsPerUser"),
    2150859179: ("MaxConcurrentUsers", "raise MaxConcurrentUsers"),
}
_ENVELOPE = {2150858790, 2150858824, 2150858825}
_NO_SHELLS = 2150859180
_TIMED_OUT = 2150858793


def missing_of(error: Exception, target: WinrmTarget, *, logged_on: bool) -> tuple[Missing, bool]:
    """The reason for what pywinrm raised, and whether a new connection may well do better."""
    from winrm import exceptions  # noqa: PLC0415 - slow

    if isinstance(error, exceptions.WSManFaultError):
        return _fault(error, target), False
    if isinstance(error, exceptions.WinRMOperationTimeoutError):
        return Missing(Why.WINRM_FAULT, f"{_TIMED_OUT}: an operation did not end in time"), False
    if isinstance(error, exceptions.InvalidCredentialsError):
        if logged_on and target.auth == "ntlm":  # which logs a connection on, once; it seems to be another one now
            return Missing(Why.CONNECTION_LOST, "HTTP 401 after the logon had worked"), True
        before = "let in at first, then " if logged_on else ""
        return Missing(Why.LOGIN_REFUSED, f"{target.who}: {before}{REFUSED}"), False
    if isinstance(error, exceptions.WinRMTransportError):
        return _http(int(error.code), logged_on=logged_on)
    words = one_line(f"{type(error).__name__}: {error}", 200)
    return Missing(Why.UNREADABLE, f"the host's answer: {words}"), False


def _http(status: int, *, logged_on: bool) -> tuple[Missing, bool]:
    """An answer without a fault in it."""
    if status == 400 and logged_on:  # a sealed message that the host has no key for
        return Missing(Why.CONNECTION_LOST, "HTTP 400 after the logon had worked"), True
    if status == 403:
        return Missing(Why.ACCESS_DENIED, "HTTP 403"), False
    return Missing(Why.WINRM_FAULT, f"HTTP {status} without a fault"), False


def _fault(error: object, target: WinrmTarget) -> Missing:
    code = getattr(error, "wsman_fault_code", None)
    inner = getattr(error, "wmierror_code", None)
    codes = {number for number in (code, inner) if number is not None}
    words = one_line(str(getattr(error, "reason", "") or ""), 300)
    detail = f"{code or inner or getattr(error, 'fault_subcode', None)}: {words}"
    subcode = str(getattr(error, "fault_subcode", ""))
    if _NO_SHELLS in codes:
        return Missing(Why.SHELLS_NOT_ALLOWED, detail, "set WSMan:\\localhost\\Shell\\AllowRemoteShellAccess to true")
    if codes & _ACCESS_DENIED or subcode.endswith(":AccessDenied"):
        remedy = f"put {target.who} into the group Remote Management Users, or let it administrate the host"
        return Missing(Why.ACCESS_DENIED, f"{target.who} is known, and may open no shell: {detail}", remedy)
    for number in codes & _QUOTAS.keys():
        quota, remedy = _QUOTAS[number]
        return Missing(Why.WINRM_QUOTA, f"{quota}: {detail}", remedy)
    if codes & _ENVELOPE or subcode.endswith(":EncodingLimit"):
        return Missing(Why.ENVELOPE_TOO_LARGE, detail, "set MaxEnvelopeSizekb to 500, the default")
    if subcode.endswith(":QuotaLimit"):
        return Missing(Why.WINRM_QUOTA, detail, "raise the quota that it names")
    return Missing(Why.WINRM_FAULT, detail)

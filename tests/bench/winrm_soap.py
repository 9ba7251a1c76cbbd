"""The faults of WS-Management that only the bench's hosts say, beside the messages that every host writes.

They are retyped after captures that published clients carry in their tests; where none was found, the wording is ours.
"""

from __future__ import annotations

from readiness.demo.winrm_soap import (
    SHELL,
    Asked,
    Fault,
    created,
    fault,
    received,
    reply,
    unknown_command,
    unknown_shell,
)

__all__ = [
    "SHELL",
    "Asked",
    "Fault",
    "created",
    "fault",
    "received",
    "reply",
    "unknown_command",
    "unknown_shell",
]


def timed_out() -> Fault:
    text = "The WS-Management service cannot complete the operation within the time specified in OperationTimeout.  "
    return Fault("s:Receiver", "w:TimedOut", 2150858793, text)


def too_many_shells(allowed: int) -> Fault:
    begin = "The WS-Management service cannot process the request. "
    reason = (
        f"{begin}The maximum number of concurrent shells for this user has been exceeded. "
        "Close existing shells or raise the quota for this user."
    )
    message = (
        f"{begin}This user is allowed a maximum number of {allowed} concurrent shells, which has been exceeded. "
        "Close existing shells or raise the quota for this user. "
    )
    return Fault("s:Sender", "w:QuotaLimit", 2150859173, reason, message=message)


def too_many_operations(allowed: int) -> Fault:
    text = (
        "The WS-Management service cannot process the request. This user is allowed a maximum number of "
        f"{allowed} concurrent operations, which has been exceeded. Close existing operations for this user, or raise "
        "the quota for this user. "
    )
    return Fault("s:Sender", "w:QuotaLimit", 2150859174, text)


def no_command_named() -> Fault:
    return Fault("s:Sender", "w:InvalidParameter", 87, "The parameter is incorrect. ")


def schema_error() -> Fault:
    text = (
        "The SOAP XML in the message does not match the corresponding XML schema definition. Change the XML and retry. "
    )
    return Fault("s:Sender", "w:SchemaValidationError", 2150858817, text)


def access_denied() -> Fault:
    return Fault("s:Sender", "w:AccessDenied", 5, "Access is denied. ")


def envelope_too_large(limit: int) -> Fault:
    text = f"The WS-Management service cannot process a request of more than {limit} bytes. "  # the wording is ours
    return Fault("s:Sender", "w:EncodingLimit", 2150858790, text)


def shells_not_allowed() -> Fault:
    text = "The WS-Management service cannot process the request: remote shells are not allowed. "  # ours, too
    return Fault("s:Sender", "w:AccessDenied", 2150859180, text)

"""What may come before an XML parser: an answer in UTF-8, with neither a DTD nor anything else that SOAP forbids."""

from __future__ import annotations

import re

from readiness.core.facts import Missing, Why
from readiness.core.text import one_line
from readiness.transports.budget import Failed

_DECLARATION = re.compile(r"""<\?xml\s[^<>]*?(?:encoding\s*=\s*["']([^"'<>]*)["'][^<>]*)?\?>""")
_OF_SOAP = {200, 400, 500}
# Every other use of these two letters is part of a DTD, whatever follows.
_FORBIDDEN = re.compile(r"<!(?!--|\[CDATA\[)|<\?")


def plain_xml(answer: bytes, status: int) -> bytes:
    """The answer, if it is no more than SOAP allows; raises Failed, before anything is expanded.

    Of an answer with a status that no fault has, such as a proxy's page, nothing is left, and the status tells.
    """
    wrong = _wrong(answer)
    if wrong and status not in _OF_SOAP:
        return b""
    if wrong:
        raise Failed(Missing(Why.UNREADABLE, f"the host's answer (HTTP {status}): XML {wrong}; it was not parsed"))
    return answer


def _wrong(answer: bytes) -> str:
    try:
        text = answer.decode("utf-8-sig")
    except UnicodeDecodeError:
        return "that is not in UTF-8"
    if "\0" in text:
        return "that is not in UTF-8"
    declaration = _DECLARATION.match(text)
    if declaration and (declaration[1] or "utf-8").lower() != "utf-8":
        return f"that says to be in {one_line(declaration[1], 40)}, not in UTF-8"
    if forbidden := _FORBIDDEN.search(text, declaration.end() if declaration else 0):
        what = one_line(text[forbidden.start() : forbidden.start() + 30], 30)
        return f"with a DTD or an instruction to the parser ({what}), which SOAP forbids"
    return ""

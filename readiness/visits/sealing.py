"""Sealing: what stands for a secret in a host's output is replaced under a key of the run before anything is written.

A host sends sha256(nonce + secret), and whoever is root on one host sees the nonce: with a run's folder he could try
words for the secrets of all the others. What is written is an HMAC of each digest under a key that no host ever sees.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import replace

from readiness.core.facts import Missing, Why
from readiness.core.scripts import Output
from readiness.probes.configuration import Configuration

# The facts that are made of digests with the run's nonce.
SEALED = frozenset({Configuration.name})
_DIGEST = re.compile(rb"(?<![0-9A-Za-z])[0-9a-f]{64}(?![0-9A-Za-z])")
# What may be the beginning of one, where an output was cut in it: a few digits are enough to try words by.
_CUT = re.compile(rb"(?<![0-9A-Za-z])[0-9a-f]{1,63}(?=\n?\Z)")
_SUMMED = re.compile(rb"\A(.*\n)([0-9a-f]{64})(  -\nend\n)\Z", re.DOTALL)


def sealed(output: Output, key: bytes, most: int) -> Output:
    """An output with each digest replaced by its HMAC, so that equal ones stay equal; any other fact's as it is.

    The sum over it, which would give the digests away, is made anew where it was right, and is wrong where it was not.
    More than `most` digests are more than a host has peers to share a secret with: whoever is root there may have put
    words into his own configuration, to find them again in what is written of another host. Of them nothing is kept.
    """
    if output.name not in SEALED:
        return output
    if len(many := set(_DIGEST.findall(output.stdout))) > most:
        reason = Missing(Why.OUTPUT_CUT, f"{len(many)} different secrets, and at most {most} are compared")
        return replace(output, stdout=b"", stderr=b"", missing=reason)
    return replace(output, stdout=_sealed(output.stdout, key), stderr=_replaced(output.stderr, key))


def _sealed(text: bytes, key: bytes) -> bytes:
    match = _SUMMED.match(text)
    if match is None or hashlib.sha256(match[1]).hexdigest().encode() != match[2]:
        return _replaced(text, key)
    body = _replaced(match[1], key)
    return body + hashlib.sha256(body).hexdigest().encode() + match[3]


def _replaced(text: bytes, key: bytes) -> bytes:
    return _CUT.sub(b"", _DIGEST.sub(lambda found: hmac.digest(key, found[0], "sha256").hex().encode(), text))

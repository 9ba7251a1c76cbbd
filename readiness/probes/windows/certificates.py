"""Certificates of a product on a Windows host, and whose private keys lie beside them."""

from __future__ import annotations

import base64
import hashlib
import re
import textwrap
from typing import Any

from readiness.probes.asking import Asking
from readiness.probes.certificates import CertificateFile, Certificates
from readiness.probes.reading import shown
from readiness.probes.windows.access import READ, access_list
from readiness.probes.windows.reading import Row, flag, items, nonempty, probe, shape

_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
_LONGEST = 1 << 18  # of a file of 128 KiB


def _certificates(received: list[Row]) -> Certificates:
    """Each folder, and after it the files in it."""
    folders: list[str] = []
    files: dict[str, CertificateFile] = {}
    for row in received:
        if "folder" in row:
            flag(shape(row, "folder", "there")["there"])
            folders.append(nonempty(row["folder"]))
            continue
        path = nonempty(shape(row, "path", "list", "certificates", "public")["path"])
        if path in files or not folders or not path.startswith(folders[-1] + "\\"):
            raise ValueError(f"{shown(path)} twice, or out of its place")
        files[path] = _file(path, row)
    return Certificates(tuple(folders), files)


def _file(path: str, row: Row) -> CertificateFile:
    access = access_list(nonempty(row["list"]))
    return CertificateFile(
        path=path,
        owner=access.owner,
        group="",
        mode="",
        certificates=tuple(_pem("CERTIFICATE", encoded) for encoded in items(row["certificates"])),
        public_key="" if row["public"] is None else _digest(row["public"]),
        readers=access.open_to(READ),
    )


def _pem(kind: str, value: Any) -> str:
    body = "\n".join(textwrap.wrap(_base64(kind, value), 64))
    return f"-----BEGIN {kind}-----\n{body}\n-----END {kind}-----\n"


def _digest(value: Any) -> str:
    """Of the SubjectPublicKeyInfo."""
    return hashlib.sha256(base64.b64decode(_base64("PUBLIC KEY", value))).hexdigest()


def _base64(kind: str, value: Any) -> str:
    if not isinstance(value, str) or not value or len(value) > _LONGEST or not _BASE64.fullmatch(value):
        raise ValueError(f"no {kind}: {shown(str(value))}")
    return value


PROBES = (probe(Certificates, _certificates, cost=55, arguments=Asking.certificate_folders),)

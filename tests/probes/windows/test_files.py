"""Access lists and private keys of Windows hosts: what their scripts and parsers make of each kind there is."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from readiness.core.scripts import Script
from readiness.probes.certificates import Certificates
from readiness.probes.windows.access import NAMES, READ, WRITE, AccessLists, access_list
from readiness.probes.windows.certificates import PROBES
from tests.bench import machine, record, stand_in

from .facts import parsed

(PROBE,) = PROBES
DOMAIN = "S-1-5-21-3623811015-3361044348-30300820"


@pytest.mark.parametrize(
    ("descriptor", "read", "write"),
    [
        ("O:BAG:SYD:PAI(A;;FA;;;SY)(A;;FA;;;BA)", (), ()),
        ("O:BAD:(A;ID;0x1200a9;;;BU)(A;;FA;;;SY)", ("Users",), ()),
        ("O:BAD:(A;;FA;;;WD)", ("Everyone",), ("Everyone",)),
        ("O:BAD:(A;;0x1301bf;;;AU)", ("Authenticated Users",), ("Authenticated Users",)),
        ("O:BAD:(A;;FR;;;S-1-1-0)(A;;FW;;;S-1-5-32-545)", ("Everyone",), ("Users",)),
        (f"O:BAD:(A;;GR;;;{DOMAIN}-513)", ("Domain Users",), ()),
        (f"O:BAD:(A;;FA;;;{DOMAIN}-1104)(A;;FA;;;{DOMAIN}-512)", (), ()),
        ("O:BAD:(A;OICIIO;GA;;;WD)", (), ("Everyone",)),  # what is in the folder is theirs
        ("O:BAD:(D;;FA;;;BU)(A;;FA;;;BU)", (), ()),
        ("O:BAD:(A;;FR;;;BU)(D;;FA;;;BU)", ("Users",), ()),
        ("O:BAD:(D;;FR;;;WD)(A;;FA;;;BU)", (), ("Users",)),
        ("O:BAD:(A;;WD;;;BU)", (), ("Users",)),
        ("O:BAD:(A;;WO;;;BU)", (), ("Users",)),
        ("O:BAD:(A;;SD;;;IU)", (), ("Interactive",)),
        ("O:BAD:(A;;0x20;;;BU)(A;;RC;;;BU)", (), ()),
        ("O:BAD:(A;;FA;;;AC)(A;;FA;;;S-1-15-2-2)", (), ()),
        ("O:BAD:NO_ACCESS_CONTROL", ("Everyone",), ("Everyone",)),
        ("O:BAD:P", (), ()),
        ("O:BAD:(A;;FA;;;SY)S:AI(AU;SAFA;FA;;;WD)", (), ()),
    ],
)
def test_a_list_is_open_to_whom_it_says(descriptor: str, read: tuple[str, ...], write: tuple[str, ...]) -> None:
    found = access_list(descriptor)
    assert (found.open_to(READ), found.open_to(WRITE)) == (read, write)
    assert NAMES[found.owner] == "Administrators"


@pytest.mark.parametrize(
    "descriptor",
    [
        "",
        "O:BA",
        "D:(A;;FA;;;WD)",
        "O:BAD:(A;;FA;;;)",
        "O:BAD:(A;;FQ;;;SY)",
        "O:BAD:(A;;FA;;;QQ)",
        "O:BAD:(OA;;FA;;;SY)",
        "O:BAD:(XA;;FA;;;SY;(Member_of {SID(BA)}))",
        "O:BAD:(A;;FA;;;SY",
        "O:BAD:(A;;0xfffffffff;;;SY)",
        "O:BAD:(A;;FA;;;SY)x",
        "O:BAD:(A;;FA;4c164200-20c0-11d0-a768-00aa006e0529;;SY)",
    ],
)
def test_a_list_of_another_kind_is_not_understood(descriptor: str) -> None:
    with pytest.raises(ValueError, match=r"no security descriptor|no entry|none of|no account"):
        access_list(descriptor)


def test_long_ids_are_known_by_their_letters() -> None:
    installer = "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464"
    assert [NAMES[access_list(f"O:{who}D:P").owner] for who in ("S-1-5-32-544", "S-1-5-18", installer)] == [
        "Administrators",
        "SYSTEM",
        "TrustedInstaller",
    ]


def test_what_is_not_there_is_told_apart() -> None:
    found = parsed(record.saved("win2022")["access_lists"])
    assert isinstance(found, AccessLists)
    folder, configuration, program, absent = found.paths.values()
    assert list(found.paths) == [*record.ASKING.places(), *record.MORE["access_lists"]]
    assert folder is not None
    assert configuration is not None
    assert program is not None
    assert absent is None
    assert (folder.open_to(READ), folder.open_to(WRITE), configuration.open_to(READ)) == (("Users",), (), ())


Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
RSA, LONG = rsa.generate_private_key(65537, 2048), rsa.generate_private_key(65537, 4096)
CURVE, BIG, EDWARDS = (
    ec.generate_private_key(ec.SECP256R1()),
    ec.generate_private_key(ec.SECP521R1()),
    ed25519.Ed25519PrivateKey.generate(),
)
OLD, NEW, OPEN = PrivateFormat.TraditionalOpenSSL, PrivateFormat.PKCS8, NoEncryption()
LOCKED = BestAvailableEncryption(b"a passphrase")
KEYS: dict[str, tuple[Key, PrivateFormat, KeySerializationEncryption, bool]] = {
    "rsa8": (RSA, NEW, OPEN, True),
    "rsa1": (RSA, OLD, OPEN, True),
    "long8": (LONG, NEW, OPEN, True),
    "long1": (LONG, OLD, OPEN, True),
    "curve8": (CURVE, NEW, OPEN, True),
    "curve1": (CURVE, OLD, OPEN, True),
    "big8": (BIG, NEW, OPEN, True),
    "big1": (BIG, OLD, OPEN, True),
    # Their public half does not stand in them, or not for everybody.
    "edwards": (EDWARDS, NEW, OPEN, False),
    "locked8": (RSA, NEW, LOCKED, False),
    "locked1": (RSA, OLD, LOCKED, False),
}


def _public(key: Key) -> str:
    return hashlib.sha256(key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def test_only_the_public_half_of_a_key_is_sent(tmp_path: Path) -> None:
    stand_in.executable()
    one = machine.Machine.load("win2022", tmp_path)
    folder = tmp_path / "C" / "keys"
    (folder / "sub").mkdir(parents=True)
    for name, (key, form, encryption, _) in KEYS.items():
        text = key.private_bytes(Encoding.PEM, form, encryption)
        (folder / "sub" / f"{name}.pem").write_bytes(text.replace(b"\n", b"\r\n") if "8" in name else text)
    (folder / "broken.pem").write_bytes(b"-----BEGIN PRIVATE KEY-----\nMIIEvQ==\n-----END PRIVATE KEY-----\n")
    (folder / "empty.pem").touch()
    (folder / "big.pem").write_bytes(b"x" * (128 << 10))
    script = Script(PROBE.name, PROBE.text, (r"C:\keys", r"C:\none"), shell="powershell")  # noqa: S604 - a name
    (output,) = stand_in.run(script, env=one.environment())
    found = parsed(output)
    assert isinstance(found, Certificates), output
    keys = {path.rpartition("\\")[2].removesuffix(".pem"): file.public_key for path, file in found.files.items()}
    expected = {name: _public(key) if told else "" for name, (key, _, _, told) in KEYS.items()}
    assert keys == {**expected, "broken": "", "empty": ""}
    assert found.folders == (r"C:\keys", r"C:\none")
    assert found.at("c:/keys/sub/RSA8.pem") is not None
    assert found.cover("C:/none/x.pem")
    assert not found.cover("C:/nonesuch/x.pem")
    body = RSA.private_bytes(Encoding.PEM, NEW, OPEN).split(b"\n")[8]
    assert body not in output.stdout

"""What a child says is believed only where it has a known shape, however its bytes are cut."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest

from readiness.custom import pipe
from readiness.custom.pipe import Broken, Messages, framed, receive, send

BEGAN = {"kind": "began", "name": "test_a", "target": "bk01"}


def raw(text: str) -> bytes:
    return len(text).to_bytes(4, "big") + text.encode()


def test_messages_come_out_however_they_are_cut() -> None:
    data = framed(BEGAN) + framed({"kind": "finished"})
    messages = Messages()
    assert [said for number in range(len(data)) for said in messages.of(data[number : number + 1])] == [
        BEGAN,
        {"kind": "finished"},
    ]
    assert list(Messages().of(data)) == [BEGAN, {"kind": "finished"}]
    assert list(Messages().of(data[:-1])) == [BEGAN]


WRONG: list[Any] = [
    raw("{"),
    raw("[]"),
    raw("7"),
    raw("[" * 100_000),
    raw(json.dumps({**BEGAN, "kind": "judged"})),
    raw(json.dumps({**BEGAN, "kind": ["began"]})),
    raw(json.dumps({**BEGAN, "more": 1})),
    raw(json.dumps({"kind": "began", "name": "test_a"})),
    raw(json.dumps({**BEGAN, "name": None})),
    raw(json.dumps({"kind": "open", "number": True})),
    raw(json.dumps({"kind": "open", "number": 1.5})),
    raw(json.dumps({"kind": "collected", "functions": [1]})),
    raw("\ud800".encode("utf-8", "surrogatepass").decode("latin-1")),
    b"\xff\xff\xff\xff",
    b"\x00\x00\x00\x00",
]


@pytest.mark.parametrize("data", WRONG)
def test_everything_else_is_broken(data: bytes) -> None:
    with pytest.raises(Broken):
        list(Messages().of(data))


def test_all_of_them_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipe, "MOST_IN_ALL", 1000)
    with pytest.raises(Broken, match="more than 1000 bytes"):
        list(Messages().of(framed(BEGAN) * 100))


def test_both_ends_agree_and_an_end_is_an_end() -> None:
    listen, talk = os.pipe()
    send(talk, BEGAN)
    os.write(talk, framed(BEGAN)[:-1])
    os.close(talk)
    assert receive(listen) == BEGAN
    assert receive(listen) is None
    os.close(listen)

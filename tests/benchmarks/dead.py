"""Hosts that are dead: nobody answers, or somebody takes the connection and says nothing."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager


@contextmanager
def dead(number: int) -> Iterator[list[tuple[str, int]]]:
    """Addresses and ports; the first one's SYNs are dropped, the others' connections stand and nothing comes."""
    with ExitStack() as stack:
        places: list[tuple[str, int]] = []
        for one in range(number):
            listener = stack.enter_context(
                socket.create_server((f"127.0.9.{one + 1}", 0), backlog=0 if not one else 16)
            )
            places.append(listener.getsockname()[:2])
        # Nobody takes this one out of the queue, in which there is room for no other.
        stack.enter_context(socket.create_connection(places[0]))
        yield places

"""Loopback ports."""

import fcntl
import os
import socket
import tempfile
from pathlib import Path
from typing import IO

__all__ = ["LOOPBACK", "free_port", "is_taken"]

LOOPBACK = "127.0.0.1"


# Held until this process ends, so that of two that start a server at once only one takes a well-known port:
# the other would find the first one's server there, and take it for its own.
_claims: dict[int, IO[bytes]] = {}


def free_port(*preferred: int) -> int:
    """The first preferred port that nobody has or is about to take, else any free one."""
    for port in (*preferred, 0):
        # A listener on all addresses leaves a port bindable on some systems, so ask for an answer first.
        if port and (is_taken(port) or not claimed(port)):
            continue
        with socket.socket() as listener:
            # As servers do: a port whose last connections are still closing is free.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind((LOOPBACK, port))
            except OSError:
                continue
            chosen: int = listener.getsockname()[1]
            return chosen
    raise OSError("no free port on the loopback address")


def is_taken(port: int) -> bool:
    """Whether somebody answers there."""
    with socket.socket() as probe:
        return probe.connect_ex((LOOPBACK, port)) == 0


def claimed(port: int) -> bool:
    """Whether this process is the one of this user that may take it."""
    if port in _claims:
        return True
    claim = (Path(tempfile.gettempdir()) / f"tenuto-port-{port}-{os.getuid()}").open("wb")
    try:
        fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        claim.close()
        return False
    _claims[port] = claim
    return True

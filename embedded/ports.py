"""Loopback ports."""

import socket

__all__ = ["LOOPBACK", "free_port", "is_taken"]

LOOPBACK = "127.0.0.1"


def free_port(*preferred: int) -> int:
    """The first preferred port that nobody has, else any free one. It may be taken a moment later."""
    for port in (*preferred, 0):
        # A listener on all addresses leaves a port bindable on some systems, so ask for an answer first.
        if port and is_taken(port):
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

"""What a converter may do from now on: read its input, use so much memory and time, write its output.

what                           Linux as root      Linux otherwise               elsewhere
memory (address space)         yes                yes                           as far as the system does
processor time, open files,
  size of files, no core dump  yes                yes                           yes
no new process                 yes                yes                           the hook
no network                     empty namespace    empty namespace where users   the hook
                                                  may make one, else the hook
another user, no groups        nobody             no                            no
dies with its parent           yes                yes                           no
no new privileges by execve    yes                yes                           no

The hook refuses sockets, processes and writing in Python code; the rest of the table is the system's. The
hook does not see what a library in C does by itself. A root that may not make namespaces, as in most
containers, has the hook, too. Files that everybody may read can still be read: nothing leaves but the pages.
"""

import ctypes
import os
import resource
import signal
import sys

from conversion.limits import Limits

__all__ = ["confine"]

NOBODY = 65_534
# From <linux/prctl.h> and <linux/sched.h>.
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS = 1, 4, 38
CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
# Standard streams, and files that the standard library reads.
OPEN_FILES = 24
# Nothing is written but to pipes, which this does not bound.
FILE_BYTES = 0
REFUSED = ("socket.", "subprocess.", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "os.system", "pty.")
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def confine(limits: Limits, parent: int) -> None:
    """Cannot be undone. Ends the process when its parent has died meanwhile."""
    if sys.platform == "linux":
        without_network()
        as_nobody()
    set_limits(limits)
    if sys.platform == "linux":
        tied_to(parent)
    sys.addaudithook(refuse)


def without_network() -> None:
    """Into a network namespace with nothing in it, where the system lets us make one."""
    library = ctypes.CDLL(None, use_errno=True)
    if library.unshare(CLONE_NEWNET) != 0:
        library.unshare(CLONE_NEWUSER | CLONE_NEWNET)


def as_nobody() -> None:
    """Root keeps nothing that root may do; any other user stays what it is."""
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)


def set_limits(limits: Limits) -> None:
    """Hard ones, so that they cannot be raised again."""
    bounds = {
        resource.RLIMIT_AS: limits.memory_bytes,
        resource.RLIMIT_NOFILE: OPEN_FILES,
        resource.RLIMIT_FSIZE: FILE_BYTES,
        resource.RLIMIT_CORE: 0,
    }
    if sys.platform == "linux":
        bounds[resource.RLIMIT_NPROC] = 0
    for kind, most in bounds.items():
        _, hard = resource.getrlimit(kind)
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (most, most))
    # The soft limit ends the process by a signal that tells; at the hard one it would only be killed.
    resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu_s, limits.cpu_s + 2))


def tied_to(parent: int) -> None:
    """Killed when the thread that started it ends; after a change of user, which would undo it."""
    library = ctypes.CDLL(None, use_errno=True)
    library.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    library.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    library.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def refuse(event: str, arguments: tuple[object, ...]) -> None:
    """An audit hook, which Python code cannot take off again."""
    if event.startswith(REFUSED):
        raise PermissionError(f"a converter may not do {event}")
    if event == "open":
        flags = arguments[2] if len(arguments) > 2 else 0
        if isinstance(flags, int) and flags & WRITING:
            raise PermissionError(f"a converter may not write {arguments[0]!r}")

"""`completion`: the script for a shell, and the answers that it asks for. argcomplete reads the grammar."""

import asyncio
import os
import shlex
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import argcomplete
from argcomplete.completers import FilesCompleter, SuppressCompleter
from argcomplete.shell_integration import shellcode

from commands.failures import Exit
from commands.grammar import Parser

__all__ = ["complete", "print_script", "workflow_names"]

CHECKOUT = Path(__file__).resolve().parent.parent

# Nobody waits longer for a word.
SERVER_S = 0.5
RECENT = 30
# Half of the commands are typed as `python starter.py`, so the shell has to look at the second word.
PYTHONS = "python python3"

COMMON = """\
__tenuto_starter() {
    local IFS=$' \\t\\n' first second rest
    read -r first second rest <<<"$COMP_LINE"
    case "${first##*/} ${second##*/}" in
        starter.py*) _ARGCOMPLETE=1 %(command)s ;;
        *" starter.py") _ARGCOMPLETE=2 %(command)s ;;
        *) return 1 ;;
    esac
}
"""

ZSH = """\
__tenuto_zsh() {
    if [[ "${words[1]:t}" == starter.py || "${words[2]:t}" == starter.py ]]; then
        _python_argcomplete___tenuto_starter
    elif (( $+functions[_python] )); then
        _python
    else
        _files
    fi
}
compdef __tenuto_zsh starter.py %(pythons)s
"""

FISH = """\
function __tenuto_starter_place
    set -l typed (commandline -opc) (commandline -ct)
    for place in 1 2
        if set -q typed[$place]; and string match -qr '(^|/)starter\\.py$' -- $typed[$place]
            echo $place
            return 0
        end
    end
    return 1
end
function __tenuto_starter
    set -lx _ARGCOMPLETE (__tenuto_starter_place)
    set -lx _ARGCOMPLETE_DFS \\t
    set -lx _ARGCOMPLETE_IFS \\n
    set -lx _ARGCOMPLETE_SUPPRESS_SPACE 1
    set -lx _ARGCOMPLETE_SHELL fish
    set -lx COMP_LINE (commandline -p)
    set -lx COMP_POINT (string length (commandline -cp))
    set -lx COMP_TYPE
    %(command)s 8>&1 9>&2 1>/dev/null 2>&1
end
for name in starter.py %(pythons)s
    complete --command $name --condition __tenuto_starter_place --no-files --arguments '(__tenuto_starter)'
end
"""


def print_script(shell: str) -> Exit:
    """What the shell has to read once."""
    parts = {"command": shlex.join([sys.executable, str(CHECKOUT / "starter.py")]), "pythons": PYTHONS}
    if shell == "fish":
        sys.stdout.write(FISH % parts)
        return Exit.OK
    names = ["starter.py", *PYTHONS.split()]
    sys.stdout.write(COMMON % parts)
    sys.stdout.write(shellcode(names, shell=shell, argcomplete_script="__tenuto_starter"))
    if shell == "zsh":
        sys.stdout.write(ZSH % parts)
    return Exit.OK


def complete(root: Parser) -> None:
    """Answer the shell, and end this process."""
    for parser in root.commands.values():
        for action in parser._actions:
            meant = COMPLETERS.get(action.dest)
            if meant is not None:
                setattr(action, "completer", meant)  # noqa: B010 (argcomplete's own way)
    argcomplete.autocomplete(root, always_complete_options=False, default_completer=SuppressCompleter())


def workflow_names() -> list[str]:
    """As their modules are called: importing them would take longer than a word may."""
    modules = (CHECKOUT / "workflows").glob("*.py")
    return sorted(path.stem.replace("_", "-") for path in modules if path.stem != "__init__")


def table_names() -> list[str]:
    from operations.decision_rows import tables_of
    from worker import WORKFLOWS  # noqa: TID251 - where they are listed

    return list(tables_of(list(WORKFLOWS)))


def outcome_names() -> list[str]:
    from operations.decision_rows import tables_of
    from worker import WORKFLOWS  # noqa: TID251 - where they are listed

    tables = tables_of(list(WORKFLOWS)).values()
    return list(dict.fromkeys(each.value for table in tables for each in type(table.rows[-1].outcome)))


def thresholds(**_: Any) -> list[str]:
    from worker import WORKFLOWS  # noqa: TID251 - where they are listed

    return [f"{name}=" for each in WORKFLOWS for name in each.plan.thresholds]


def profiles(**_: Any) -> list[str]:
    catalogue = written()
    return list({**catalogue.get("profiles", {}), **catalogue.get("routes", {})})


def routes(**_: Any) -> list[str]:
    return list(written().get("routes", {}))


def written() -> dict[str, Any]:
    """The catalogue as it stands, unchecked; empty when it cannot be read."""
    path = os.environ.get("TENUTO_MODELS", CHECKOUT / "models.toml")
    try:
        with open(path, "rb") as file:
            return tomllib.load(file)
    except (OSError, ValueError):
        return {}


def approvers(**_: Any) -> list[str]:
    from connection import Settings

    known_servers()
    return sorted(key.stem for key in Settings.of(os.environ).approvers.glob("*.key"))


def tenants(**_: Any) -> list[str]:
    """Those of the ledger, when it is there."""
    from activities.database import Database, DatabaseError
    from activities.tenant_ledger import TenantLedger
    from connection import Settings

    known_servers()
    try:
        database = Database(Settings.of(os.environ).database_url)
        if database.file is not None and not database.file.exists():
            return []
        return sorted({each.tenant for each in TenantLedger(database).accounts(datetime.now(UTC))})
    except DatabaseError:
        return []


def recent_ids(**_: Any) -> list[str]:
    """Of the latest runs, when the server answers in time."""
    known_servers()
    try:
        return asyncio.run(asked())
    except (TimeoutError, RuntimeError, OSError):
        return []


async def asked() -> list[str]:
    from commands.listing import STORIES
    from connection import connect

    async with asyncio.timeout(SERVER_S):
        client = await connect()
        found = [each.id async for each in client.list_workflows(STORIES, limit=RECENT)]
    return list(dict.fromkeys(found))


def working_builds(**_: Any) -> list[str]:
    """Those that have workers, when the server answers in time."""
    from connection import TASK_QUEUE, connect
    from operations.builds import builds_at

    async def polled() -> list[str]:
        async with asyncio.timeout(SERVER_S):
            found = await builds_at(await connect(), TASK_QUEUE, count=False)
        return [build.id for build in found.working if build is not None]

    known_servers()
    try:
        return asyncio.run(polled())
    except (TimeoutError, RuntimeError, OSError):
        return []


def ids_and_files(prefix: str = "", **options: Any) -> Iterator[str]:
    """An exported history is as good as a run."""
    yield from files(prefix=prefix, **options)
    yield from recent_ids()


def known_servers() -> None:
    from embedded.surroundings import complete as completed

    os.environ.update(completed(os.environ))


files = FilesCompleter()

# By the name under which an argument is parsed; what is not in here is not guessed.
COMPLETERS: Mapping[str, Callable[..., Any]] = {
    "workflow": lambda **_: workflow_names(),
    "inputs": files,
    "histories": ids_and_files,
    "output": files,
    "threshold": lambda **_: thresholds(),
    "into": files,
    "supply": files,
    "html": files,
    "table": lambda **_: table_names(),
    "outcome": lambda **_: outcome_names(),
    "key": files,
    "profile": profiles,
    "close": routes,
    "route": routes,
    "file": files,
    "svg": files,
    "build": working_builds,
    "by": approvers,
    "tenant": tenants,
    "run": ids_and_files,
    "runs": recent_ids,
}

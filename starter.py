"""The command line: start, watch, explain and answer runs; `python starter.py --help` teaches it."""

import os
import sys
from argparse import Namespace
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from commands.arguments import parser
from commands.failures import CommandError, Exit, account_of
from process import end

__all__ = ["main"]


def main(arguments: Sequence[str]) -> int:
    """Run a command; returns its exit code. What goes wrong is one line on standard error."""
    options = parser(dict(os.environ)).parse_args(arguments)
    try:
        return dispatch(options)
    except KeyboardInterrupt:
        sys.stderr.write("\nstopped; runs that were started go on: `python starter.py list`\n")
        return Exit.INTERRUPTED
    except BrokenPipeError:
        # Whoever read the output has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.OK
    except Exception as error:
        account = account_of(error)
        if account is None:
            raise
        from operations.lines import safe

        code, words = account
        sys.stderr.write("".join(f"starter: {safe(line)}\n" for line in words.splitlines() or [""]))
        return code


def dispatch(options: Namespace) -> int:
    """Find the command's body; only what it needs is imported."""
    match options.command:
        case "dev" | "down" | "demo":
            return on_this_machine(options)
        case "new-key":
            surroundings()
            from commands.answering import make_key

            return make_key(options)
        case "approve" | "deny" | "cancel":
            return finish(people, options)
        case _:
            return finish(runs, options)


def on_this_machine(options: Namespace) -> int:
    from commands import stack

    match options.command:
        case "dev":
            return stack.dev()
        case "down":
            return stack.down()
    from commands.demo import demo

    return demo(options, registered())


async def people(options: Namespace) -> int:
    from commands import answering
    from contracts.approvals import Verdict

    if options.command == "cancel":
        return await answering.cancel(options)
    return await answering.answer(options, registered(), Verdict(options.command))


async def runs(options: Namespace) -> int:
    from commands import looking

    match options.command:
        case "run":
            from commands.run import run

            return await run(options, registered())
        case "status":
            return await looking.status(options, registered())
        case "explain":
            return await looking.explain(options, registered())
        case "export":
            return await looking.export(options)
        case "list":
            return await looking.list_runs(options)
        case "replay":
            from commands.replaying import replay

            return await replay(options, registered())
    raise CommandError(Exit.BAD_INPUT, f"no command {options.command!r}")


def registered() -> list[Any]:
    """The workflows of the worker: the one place where they are listed."""
    from worker import WORKFLOWS  # noqa: TID251 (this is a composition root too)

    return list(WORKFLOWS)


def surroundings() -> None:
    """Find the servers of this checkout that run, where the environment names no others."""
    from embedded.surroundings import complete

    os.environ.update(complete(os.environ))


def finish(command: Callable[[Namespace], Coroutine[Any, Any, int]], options: Namespace) -> int:
    import asyncio

    surroundings()
    return asyncio.run(command(options))


if __name__ == "__main__":
    try:
        code = main(sys.argv[1:])
    except SystemExit as usage:
        code = usage.code if isinstance(usage.code, int) else 2
    end(code)

"""The command line: start, watch, explain and answer runs; `python starter.py --help` teaches it."""

import os
import signal
import sys
from collections.abc import Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from argparse import Namespace

__all__ = ["main"]

INTERRUPTED = 130
# What a person wants to know after Ctrl-C; written here, so that nothing has to be imported for it.
LEFT = {
    "run": "`python starter.py list` shows what was started",
    "certify": "a server that it started has ended",
    "new": "everything is as it was, or all of it is written",
    "approve": "`python starter.py status ID` says whether the answer was taken",
    "repair": "`python starter.py status ID` says whether it was taken",
    "deny": "`python starter.py status ID` says whether the answer was taken",
}
# They start servers of this machine.
SERVING = ("demo", "evaluate", "dev")


def main(arguments: Sequence[str]) -> int:
    """Run a command; returns its exit code. What goes wrong is one line on standard error."""
    try:
        from commands.beginning import read_arguments

        options = read_arguments(arguments)
        return dispatch(options) if options is not None else 0
    except KeyboardInterrupt:
        write_stopped(arguments)
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read the output has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except ModuleNotFoundError as error:
        # After a pull the lock may name a package that .venv has not got yet.
        sys.stderr.write(f"starter: {error}; `make environment` brings .venv up to date\n")
        return 1
    except Exception as error:
        from commands.failures import account_of, told

        account = account_of(error)
        if account is None:
            raise
        code, words = account
        sys.stderr.write(told(words, sys.stderr))
        return code


def write_stopped(arguments: Sequence[str]) -> None:
    """One line, within the terminal, of what is true after Ctrl-C."""
    import shutil
    import textwrap

    command = arguments[0] if arguments else ""
    after = LEFT.get(command, "")
    if command in SERVING:
        stack = sys.modules.get("embedded.stack")  # what was never loaded has started nothing
        if stack is None or not stack.has_started():
            after = "nothing was started"
        elif "--keep" in arguments:
            after = "what it started runs on; `python starter.py down` ends it"
        else:
            after = "the servers that it started have ended"
    line = f"starter: stopped{after and '; '}{after}"
    if sys.stderr.isatty():
        width = max(20, shutil.get_terminal_size().columns - 1)
        # The terminal has printed ^C.
        line = "\n" + textwrap.fill(line, width, subsequent_indent="  ", break_on_hyphens=False)
    sys.stderr.write(f"{line}\n")


def leave_at_once(number: int, frame: object) -> None:
    """Ctrl-C while nothing is under way. An exception would surface wherever modules are being loaded."""
    os.write(2, b"starter: stopped\n")
    os._exit(INTERRUPTED)


def under_way() -> None:
    """From now on Ctrl-C has to leave order behind it."""
    if signal.getsignal(signal.SIGINT) is leave_at_once:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def dispatch(options: "Namespace") -> int:
    """Find the command's body; only what it needs is imported."""
    match options.command:
        case "dev" | "down" | "demo" | "evaluate":
            return on_this_machine(options)
        case "new-key":
            surroundings()
            from commands.answering import make_key

            return make_key(options)
        case "circuits":
            surroundings()
            from commands.circuits import circuits

            return circuits(options, dict(os.environ))
        case "completion":
            from commands.completing import print_script

            return print_script(options.shell)
        case "doctor":
            from commands.doctor.report import doctor
            from commands.quiet import quiet

            quiet()
            return doctor(options)
        case "cap" | "tenants":
            surroundings()
            from commands import tenants

            return tenants.cap(options) if options.command == "cap" else tenants.list_tenants(options)
        case "cost" | "reconcile":
            return money(options)
        case "certify" | "policy" | "new":
            return of_the_code(options)
        case "approve" | "deny" | "cancel" | "repair":
            return finish(lambda: people(options))
        case _:
            return finish(lambda: runs(options), connects=options.command != "replay")


def of_the_code(options: "Namespace") -> int:
    from commands.quiet import quiet

    quiet()
    if options.command == "policy":
        from commands.policy import policy

        return policy(options, registered())
    if options.command == "new":
        from commands.new_workflow import new

        workflows = registered()
        under_way()
        return new(options, workflows)
    from commands.certify import certify

    under_way()
    return certify(options, registered())


def on_this_machine(options: "Namespace") -> int:
    from commands import stack
    from commands.quiet import quiet

    quiet()
    if options.command == "demo":
        from commands.demo import demo

        workflows = registered()
        under_way()
        return demo(options, workflows)
    if options.command == "evaluate":
        from commands.evaluate import evaluate

        under_way()
        return evaluate(options)
    if options.command == "dev":
        from commands.dev import dev

        workflows = registered()
        under_way()
        return dev(workflows)
    under_way()
    return stack.down()


def money(options: "Namespace") -> int:
    surroundings()
    if options.command == "cost":
        from commands.costs import cost

        return cost(options, dict(os.environ))
    from commands.reconciling import reconcile

    return reconcile(options, dict(os.environ))


async def people(options: "Namespace") -> int:
    from commands import answering
    from contracts.approvals import Verdict

    if options.command == "cancel":
        return await answering.cancel(options)
    if options.command == "repair":
        from commands.repairing import repair

        return await repair(options)
    return await answering.answer(options, registered(), Verdict(options.command))


async def runs(options: "Namespace") -> int:
    from commands import looking

    match options.command:
        case "run":
            from commands.run import run

            return await run(options, registered())
        case "status":
            return await looking.status(options, registered())
        case "explain":
            return await looking.explain(options, registered())
        case "export" | "record":
            from commands import exporting

            body = exporting.export if options.command == "export" else exporting.record
            return await body(options, registered())
        case "why-not":
            from commands.why_not import why_not

            return await why_not(options, registered())
        case "watch":
            from commands.watching_runs import watch_runs

            return await watch_runs(options, registered())
        case "list":
            from commands.listing import list_runs

            return await list_runs(options, registered())
        case "parked":
            from commands.repairing import list_parked

            return await list_parked(options)
        case "replay" | "map" | "backtest" | "flips" | "builds" | "promote":
            return await around_a_deploy(options)
    raise AssertionError(f"{options.command!r} is in the grammar and not here")


async def around_a_deploy(options: "Namespace") -> int:
    if options.command in ("builds", "promote"):
        from commands import builds

        return await (builds.builds if options.command == "builds" else builds.promote)(options)
    if options.command == "replay":
        from commands.replaying import replay

        return await replay(options, registered())
    if options.command == "map":
        from commands.mapping import map_runs

        return await map_runs(options, registered())
    from commands import backtesting

    if options.command == "flips":
        return await backtesting.flips(options, registered())
    return await backtesting.backtest_runs(options, registered())


def registered() -> list[Any]:
    """The workflows of the worker: the one place where they are listed."""
    from worker import WORKFLOWS  # noqa: TID251 (this is a composition root too)

    return list(WORKFLOWS)


def surroundings(*, connects: bool = True) -> None:
    """Find the servers of this checkout that run, where the environment names no others.

    A command that may never connect to one is to say `quiet` itself before it does, which begins threads.
    """
    from commands.quiet import quiet
    from embedded.surroundings import complete

    if connects:
        quiet()
    os.environ.update(complete(os.environ))


def finish(command: Callable[[], Coroutine[Any, Any, int]], *, connects: bool = True) -> int:
    import asyncio

    surroundings(connects=connects)
    under_way()
    return asyncio.run(command())


if __name__ == "__main__":
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, leave_at_once)
    from commands.own_python import in_own_python

    if not in_own_python():
        os._exit(1)
    try:
        code = main(sys.argv[1:])
    except SystemExit as usage:
        code = usage.code if isinstance(usage.code, int) else 2
    except KeyboardInterrupt:
        code = INTERRUPTED  # once more, while the first was told
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is over, and its code is known
    from process import end

    end(code)

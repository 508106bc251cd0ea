"""The command line's grammar, with examples that teach it. Imports nothing heavy: `--help` is fast."""

import argparse
import sys
from pathlib import Path
from typing import Any

from commands.change_arguments import add_changing, add_new, add_recording, add_tables
from commands.examples import ENVIRONMENT, EXAMPLES, INPUTS, OVERVIEW, OWN_INPUTS
from commands.grammar import Parser, add_profile
from commands.money_arguments import add_money

__all__ = ["parser"]

Commands = argparse._SubParsersAction  # the type has no public name

PROFILE = "a profile of models.toml (default: the first)"
# As Temporal names them, and as `list` and `watch` print them.
STATES = ("running", "completed", "failed", "cancelled", "terminated", "timed-out")


def parser(environment: dict[str, str]) -> Parser:
    """Every command with its options."""
    root = Parser(prog="starter.py", description="Start, watch, explain and answer durable AI workflows.")
    root.add_argument("--version", action=Version, nargs=0, help="which release, and which state of the code")
    root.examples, root.more = OVERVIEW, [("environment", ENVIRONMENT)]
    commands = root.add_subparsers(
        dest="command", required=True, metavar="COMMAND", title="commands", prog=root.prog
    )
    add_stack(commands)
    add_run(commands, environment.get("TENUTO_TENANT", "default"))
    add_looking(commands)
    add_tables(commands)
    add_changing(commands)
    add_people(commands)
    add_money(commands)
    add_certify(commands)
    add_new(commands)
    add_setting_up(commands)
    root.commands = commands.choices
    for name, each in commands.choices.items():
        each.examples = EXAMPLES.get(name, ())
    return root


class Version(argparse.Action):
    """Read when it is asked for: no other command waits for git."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        """Print it and end."""
        from operations.code_version import version_text

        sys.stdout.write(f"{version_text()}\n")
        parser.exit()


def add_stack(commands: "Commands[Parser]") -> None:
    demo = commands.add_parser("demo", help="resolve sample tickets, kill the worker, show what was kept")
    demo.add_argument(
        "--tickets", type=int, default=6, metavar="N", help="how many of the samples (default: 6)"
    )
    add_profile(demo, PROFILE)
    demo.add_argument("--yes", action="store_true", help="agree to what it can cost at most, unasked")
    demo.add_argument("--keep", action="store_true", help="leave everything running; `down` ends it")
    demo.add_argument("--json", action="store_true", help="the results as JSON")
    add_evaluate(commands)
    commands.add_parser("dev", help="a whole stack in the foreground, until Ctrl-C")
    commands.add_parser(
        "down",
        help="end what runs for this checkout",
        description="Ends every server and worker of this checkout, the worker first: what `demo --keep` "
        "left running, and a `dev` in another terminal with all that it started.",
    )


def add_evaluate(commands: "Commands[Parser]") -> None:
    evaluate = commands.add_parser(
        "evaluate",
        help="every sample: how many does the model get right?",
        description="Runs every sample of a workflow on a stack of its own, answers as a careful person "
        "would, and holds what came of it against what is true of each.",
    )
    evaluate.add_argument(
        "workflow",
        metavar="WORKFLOW",
        nargs="?",
        default="resolve-ticket",
        help="resolve-ticket (the default) or extract-records",
    )
    evaluate.add_argument(
        "--only",
        action="append",
        metavar="GROUP|FILE",
        help="only these, or `shown`, `held-out`, or a layout; may be repeated",
    )
    add_profile(evaluate, PROFILE)
    evaluate.add_argument("--yes", action="store_true", help="agree to what it can cost at most, unasked")
    evaluate.add_argument("--json", action="store_true", help="the results as JSON")


def add_run(commands: "Commands[Parser]", tenant: str) -> None:
    run = commands.add_parser(
        "run",
        help="start runs and wait for them",
        description="All inputs are checked before the first run starts. The same input of the same tenant "
        "joins the run that is there.",
    )
    run.more = [("inputs of resolve-ticket", INPUTS), ("inputs of workflows of your own", OWN_INPUTS)]
    run.add_argument("workflow", metavar="WORKFLOW", help="for example resolve-ticket")
    run.add_argument("inputs", nargs="+", metavar="INPUT", help="a file, a folder, or - (see below)")
    run.add_argument(
        "--from", dest="sender", metavar="ADDRESS", help="the sender of texts and JSON lines that name none"
    )
    run.add_argument(
        "--record",
        metavar="TYPE",
        help="what extract-records takes out: invoice (the default), or a JSON Schema in a file",
    )
    run.add_argument("--tenant", default=tenant, help="whose run it is (default: %(default)s)")
    add_terms(run)
    run.add_argument("--id", metavar="ID", help="a workflow id of your own, for one input")
    run.add_argument("--again", action="store_true", help="start anew also when the same input has run")
    run.add_argument("--requested-by", metavar="NAME", help="who asks; may not approve (default: you)")
    run.add_argument("--no-wait", action="store_true", help="return when everything has started")
    run.add_argument("--json", action="store_true", help="the results as JSON")


def add_terms(command: Parser) -> None:
    command.add_argument("--usd", metavar="AMOUNT", help="cap in US dollars, for example 0.05")
    command.add_argument("--tokens", type=int, metavar="N", help="cap in tokens")
    command.add_argument("--calls", type=int, metavar="N", help="cap in model calls")
    command.add_argument("--steps", type=int, metavar="N", help="cap in steps")
    command.add_argument("--deadline", metavar="TIME", help="90s, 30m, 2h or 2d, the way out included")
    command.add_argument(
        "--park", metavar="TIME", help="how long a failed step may wait for a person, or 0 (default: 4h)"
    )
    add_profile(command, PROFILE)


def add_looking(commands: "Commands[Parser]") -> None:
    status = commands.add_parser("status", help="where a run is, what it waits for, what it cost")
    explain = commands.add_parser("explain", help="why a run took its path, from its history alone")
    for each in (status, explain):
        each.add_argument(
            "run", metavar="ID|FILE", help="a workflow id or the end of one, or an exported history"
        )
    status.add_argument("--json", action="store_true", help="the same as JSON")
    form = explain.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="the same as JSON")
    form.add_argument(
        "--html",
        type=Path,
        nargs="?",
        const=Path(),
        metavar="PATH",
        help="write a page that needs no other file (default: named after the run)",
    )
    explain.add_argument("--verify", action="store_true", help="prove it again with the current code")
    add_recording(commands)
    watch = commands.add_parser("watch", help="follow runs live until they end")
    watch.add_argument("runs", nargs="+", metavar="ID", help="a workflow id, or the end of one")
    watch.add_argument("--json", action="store_true", help="an object for each change, one a line")
    listing = commands.add_parser("list", help="the latest runs")
    listing.add_argument("--stage", metavar="STAGE", help="only those at this stage")
    listing.add_argument("--tenant", metavar="NAME", help="only this tenant's")
    listing.add_argument("--state", choices=STATES, metavar="STATE", help=", ".join(STATES))
    listing.add_argument("--since", metavar="TIME", help="started within the last 90s, 30m, 2h or 2d")
    listing.add_argument(
        "--waiting", action="store_true", help="only those that wait for a person: an answer or a repair"
    )
    listing.add_argument("--limit", type=int, default=20, metavar="N", help="how many (default: 20)")
    listing.add_argument("--json", action="store_true", help="the same as JSON")
    parked = commands.add_parser("parked", help="steps that failed and wait for a person, by cause")
    parked.add_argument("--tenant", metavar="NAME", help="only this tenant's")
    parked.add_argument("--limit", type=int, default=50, metavar="N", help="runs (default: 50)")
    parked.add_argument("--json", action="store_true", help="the same as JSON")


def add_people(commands: "Commands[Parser]") -> None:
    for name, help_text in (
        ("approve", "say yes to the action that a run waits with"),
        ("deny", "say no to the action that a run waits with"),
    ):
        answer = commands.add_parser(name, help=help_text)
        answer.add_argument("run", metavar="ID", help="a workflow id, or the end of one")
        answer.add_argument("--by", metavar="NAME", help="whose key of the approvers' folder to sign with")
        answer.add_argument(
            "--key", type=Path, metavar="FILE", help="a private key elsewhere, named NAME.key"
        )
        answer.add_argument("--yes", action="store_true", help="do not ask; nobody is asked off a terminal")
    repair = commands.add_parser(
        "repair",
        help="mend a step that failed and waits",
        description="Shows what failed and what one more attempt can cost; that is held before it begins.",
    )
    repair.add_argument("run", metavar="ID")
    ways = repair.add_mutually_exclusive_group(required=True)
    ways.add_argument("--retry", action="store_true", help="try again")
    ways.add_argument("--supply", metavar="FILE", help="go on with this output: JSON, or - to read it")
    ways.add_argument("--abort", action="store_true", help="give up: the run takes back what it did")
    add_profile(repair, "with --retry: another profile of models.toml")
    repair.add_argument(
        "--output-tokens", type=int, metavar="N", help="with --retry: a larger limit for the reply"
    )
    repair.add_argument("--at-most", metavar="USD", help="agree to an attempt of this cost, unasked")
    repair.add_argument("--because", default="", metavar="TEXT", help="kept in the history")
    repair.add_argument("--by", metavar="NAME", help="who mends it (default: you)")
    repair.add_argument("--attempt", metavar="ID", help="which, when several steps of the run wait")
    cancel = commands.add_parser("cancel", help="ask a run to end by its way out")
    cancel.add_argument("run", metavar="ID")
    key = commands.add_parser("new-key", help="make an approver's key pair")
    key.add_argument("name", metavar="NAME")


def add_setting_up(commands: "Commands[Parser]") -> None:
    circuits = commands.add_parser("circuits", help="which model routes are left alone for a while, and why")
    circuits.add_argument("--close", metavar="ROUTE", help="have this one asked again at once")
    circuits.add_argument("--json", action="store_true", help="the same as JSON")
    builds = commands.add_parser(
        "builds",
        help="which builds of the code have workers and open runs",
        description="With pinned versions (`python worker.py --deployment NAME`) a run stays with the build "
        "that began it. Exit code 4 while runs wait for a build that has no worker.",
    )
    builds.add_argument("--json", action="store_true", help="the same as JSON")
    promote = commands.add_parser(
        "promote",
        help="give new runs to a build; open runs stay where they are",
        description="A build can be promoted when its workers have started. Its id is what `python worker.py "
        "--print-build` prints in its checkout, the same for the same workflows/ and contracts/.",
    )
    which = promote.add_mutually_exclusive_group()
    which.add_argument("build", nargs="?", metavar="BUILD", help="or its beginning (default: of this code)")
    which.add_argument("--none", action="store_true", help="give new runs to workers without a build again")
    doctor = commands.add_parser("doctor", help="what is installed, configured and reachable")
    doctor.add_argument("--deep", action="store_true", help="also hash the model's weights again")
    doctor.add_argument("--json", action="store_true", help="the same as JSON")
    completion = commands.add_parser("completion", help="print a completion script for a shell")
    completion.add_argument(
        "shell", choices=("bash", "zsh", "fish"), metavar="SHELL", help="bash, zsh or fish"
    )


def add_certify(commands: "Commands[Parser]") -> None:
    certify = commands.add_parser(
        "certify",
        help="what a run can come to at most, before it starts",
        description="The worst case of a workflow on a profile, from declared bounds: every step as often as "
        "it can occur, with every attempt, route and repair at its dearest. Under its terms a run is stopped "
        "by its cap before that.",
    )
    certify.add_argument("workflow", metavar="WORKFLOW", help="for example resolve-ticket")
    add_terms(certify)
    certify.add_argument(
        "--adversarial",
        action="store_true",
        help="also run it against the worst sequence of faults, on a server of its own (a minute)",
    )
    certify.add_argument("--json", action="store_true", help="the same as JSON")

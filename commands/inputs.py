"""What `run` is given, as arguments of a workflow: tickets in any form, JSON for everything else."""

import inspect
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_type_hints

from pydantic import ValidationError

from commands.failures import CommandError, Exit
from connection import Settings
from contracts.extraction import Extraction
from contracts.tickets import Ticket
from contracts.values import Value
from operations.documents import keep_documents, record_type_named
from operations.inbox import InboxError, read_inbox
from operations.ticket_making import address_in
from operations.ticket_sources import passed_over
from operations.wording import counted
from payloads.storage import documents_in

__all__ = ["Given", "check_sender", "given", "left_out", "workflow_named"]

# Enough to see what was not meant to be left out.
MOST_KINDS = 5
MOST_FIELDS = 5
DEFAULT_RECORD = "invoice"


@dataclass(frozen=True)
class Given:
    """One argument, and what a person calls it."""

    label: str
    argument: Value
    again: tuple[str, ...] = ()
    """Where else among the inputs the same is; it is one run."""
    notices: tuple[str, ...] = ()
    """What is odd about it."""


def workflow_named(name: str, workflows: Sequence[Any]) -> Any:
    """The registered class of that name. Raises CommandError that names the known ones."""
    for each in workflows:
        if each.plan.name == name:
            return each
    known = ", ".join(each.plan.name for each in workflows)
    raise CommandError(Exit.BAD_INPUT, f"no workflow {name!r}; known: {known}")


def check_sender(sender: str | None) -> None:
    """Before anything is read: also where every input names its own. Raises CommandError."""
    try:
        if sender is not None:
            address_in(sender)
    except InboxError:
        line = f"--from {sender}: that is no mail address; write for example --from anna@posteo.example"
        raise CommandError(Exit.BAD_INPUT, line) from None


def given(
    workflow: Any, inputs: Sequence[str], sender: str | None = None, record: str | None = None
) -> list[Given]:
    """Every input parsed, or an error with a line for each that cannot be: no run is half started."""
    model = argument_of(workflow)
    if model is Extraction:
        store = documents_in(Settings.of(os.environ).documents)
        kept = keep_documents(inputs, record_type_named(record or DEFAULT_RECORD), store)
        return [Given(each.label, each.argument, each.again) for each in kept]
    if model is Ticket:
        received = read_inbox(inputs, sys.stdin.buffer, sender)
        return [Given(each.label, each.ticket, each.again, tuple(each.notices)) for each in received]
    return read_json(model, inputs)


def left_out(workflow: Any, inputs: Sequence[str]) -> Iterator[str]:
    """A line for each folder that holds files of other kinds than those that are read."""
    for name in inputs if argument_of(workflow) is Ticket else ():
        others = passed_over(name)
        if others:
            kinds = ", ".join(sorted({file.suffix.lower() or file.name for file in others})[:MOST_KINDS])
            yield f"{name}: {counted(len(others), 'file')} of other kinds passed over: {kinds}"


def argument_of(workflow: Any) -> type[Value]:
    """The type of the workflow's own argument: the one before its terms."""
    parameters = list(inspect.signature(workflow.run).parameters)
    argument: type[Value] = get_type_hints(workflow.run)[parameters[1]]
    return argument


def read_json(model: type[Value], inputs: Sequence[str]) -> list[Given]:
    """Each file as one argument. Raises CommandError with a line for each that is none."""
    found: list[Given] = []
    problems: list[str] = []
    for name in inputs:
        try:
            text = sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
            found.append(Given(Path(name).name, model.model_validate_json(text)))
        except OSError as error:
            problems.append(f"{name}: {error.strerror}")
        except UnicodeDecodeError:
            problems.append(f"{name}: not UTF-8")
        except ValidationError as error:
            problems.append(f"{name}: no {model.__name__} as JSON: {'; '.join(wrong_fields(error))}")
    if problems:
        raise CommandError(Exit.BAD_INPUT, "\n".join(problems))
    return found


def wrong_fields(error: ValidationError) -> Iterator[str]:
    """`stars: Input should be less than or equal to 5`; the first ones."""
    for each in error.errors(include_url=False)[:MOST_FIELDS]:
        where = ".".join(str(part) for part in each["loc"])
        yield f"{where}: {each['msg']}" if where else each["msg"]
    if error.error_count() > MOST_FIELDS:
        yield f"and {error.error_count() - MOST_FIELDS} more"

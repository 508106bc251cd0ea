"""`export` and `record`: a run as a file, to send or to keep."""

import argparse
import re
import shlex
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from commands.failures import CommandError, Exit
from commands.sources import history_of
from embedded.stack import CHECKOUT, home
from operations.bundles import SEALED, UNSEALED, Bundle, written
from operations.code_version import code_version
from operations.recording import corpus_file
from operations.redaction import redact

__all__ = ["HISTORIES", "export", "record"]

HISTORIES = CHECKOUT / "tests" / "histories"
NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


async def export(options: argparse.Namespace, workflows: Sequence[Any]) -> Exit:
    """A run as a bundle, complete in itself: `explain`, `status` and `replay` read it again."""
    found = await history_of(options.run)
    bundle = Bundle(found.history, code=code_version(), redacted=found.redacted)
    if options.redact:
        history, sealed = await redact(found.history, workflows)
        bundle = Bundle(history, code=bundle.code, redacted=SEALED if sealed else UNSEALED)
        sys.stderr.write(f"redacted: {bundle.redacted}\n")
    text = written(bundle)
    if options.output is None:
        sys.stdout.write(text)
        return Exit.OK
    write(options.output, text)
    sys.stderr.write(f"wrote {options.output}\n")
    return Exit.OK


async def record(options: argparse.Namespace, workflows: Sequence[Any]) -> Exit:
    """A finished run as a file of the corpus, which every change is replayed against."""
    if not NAME.fullmatch(options.name):
        raise CommandError(
            Exit.BAD_INPUT, f"{options.name!r} is no name; write-it-like-this, in small letters"
        )
    path = (options.into or HISTORIES) / f"{options.name}.json"
    shown = path.relative_to(CHECKOUT) if path.is_relative_to(CHECKOUT) else path
    if path.exists():
        raise CommandError(
            Exit.BAD_INPUT,
            f"{shown} is there already, and nothing was recorded: take another name, or first "
            f"`rm {shlex.quote(str(shown))}` where this run is to take its place",
        )
    found = await history_of(options.run)
    description = " ".join(options.because.split()) or options.name.replace("-", " ").capitalize()
    folders = [CHECKOUT, home(), Path.home(), Path(tempfile.gettempdir())]
    text = await corpus_file(found.history, description, workflows, folders)
    path.parent.mkdir(parents=True, exist_ok=True)
    write(path, text)
    sys.stdout.write(f"recorded {shown}: {description}\n")
    if not found.redacted:
        sys.stderr.write("it holds what people wrote; `export --redact` first where that must not be kept\n")
    return Exit.OK


def write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CommandError(Exit.BAD_INPUT, f"{path}: cannot be written: {error.strerror}") from None

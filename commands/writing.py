"""Files that somebody asked for."""

from pathlib import Path

from commands.failures import CommandError, Exit

__all__ = ["write"]


def write(path: Path, text: str) -> None:
    """Raises CommandError for a place that cannot be written."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CommandError(Exit.BAD_INPUT, f"{path}: cannot be written: {error.strerror}") from None

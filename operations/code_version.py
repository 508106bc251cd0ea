"""Which state of the code something was recorded or checked with."""

import hashlib
import subprocess
import tomllib
from pathlib import Path

__all__ = ["build_id", "code_version", "version_text"]

CHECKOUT = Path(__file__).resolve().parents[1]
# What a run's commands depend on.
DECIDING = ("workflows", "contracts")
# Enough to tell builds apart, and short enough to be read out.
BUILD_DIGITS = 12


def build_id(checkout: Path = CHECKOUT) -> str:
    """Of the code that decides what a run does: the same in every checkout and image of the same sources."""
    return sources_digest(checkout)[:BUILD_DIGITS]


def version_text(checkout: Path = CHECKOUT) -> str:
    """For a person: `tenuto 0.1.0 (commit 1f2e3d4c5b6a, changed)`."""
    project = tomllib.loads((checkout / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    code = code_version(checkout)
    kind = "commit" if "commit" in code else "sources"
    changed = ", changed" if code.get("dirty") else ""
    return f"{project['name']} {project['version']} ({kind} {str(code[kind])[:12]}{changed})"


def code_version(checkout: Path = CHECKOUT) -> dict[str, str | bool]:
    """`commit` and whether files differ from it (`dirty`); without git a digest of the deciding `sources`."""
    commit = git(checkout, "rev-parse", "HEAD")
    changed = git(checkout, "status", "--porcelain", "--", *DECIDING)
    if commit is not None and changed is not None:
        return {"commit": commit, "dirty": bool(changed)}
    return {"sources": sources_digest(checkout)}


def git(checkout: Path, *arguments: str) -> str | None:
    """What git says; None where there is no git, or the folder is no repository of its own."""
    if not (checkout / ".git").exists():
        return None
    try:
        done = subprocess.run(["git", "-C", str(checkout), *arguments], capture_output=True, text=True)  # noqa: S607
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def sources_digest(checkout: Path) -> str:
    """SHA-256 over names and contents of the deciding modules."""
    found = hashlib.sha256()
    for file in sorted(path for name in DECIDING for path in (checkout / name).rglob("*.py")):
        content = file.read_bytes()
        found.update(f"{file.relative_to(checkout).as_posix()} {len(content)}\n".encode())
        found.update(content)
    return found.hexdigest()

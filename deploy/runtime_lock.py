"""The part of the lock that a worker needs: `python runtime_lock.py pyproject.toml requirements.lock`.

One lock file serves everybody, the tests and the embedded servers too. pip says what the dependencies of
`[project]` resolve to under the lock's pins; of the lock exactly those entries are printed, hashes included.
The answer decides only which entries are installed, never what is in them: the installation checks each hash.
"""

import json
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path

__all__ = ["entries", "runtime_lock"]


def entries(lock: str) -> Iterator[tuple[str, str]]:
    """Each entry of a lock file: its package's name, and its text with every hash."""
    for entry in re.split(r"\n(?=\S)", lock.strip()):
        yield normal(re.split(r"[=<>;\[ ]", entry, maxsplit=1)[0]), entry


def normal(name: str) -> str:
    """A package's name as every index spells it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(lock: str) -> str:
    """The lock as constraints: pip takes no hashes there."""
    return "\n".join(entry.split(" \\\n")[0] for _, entry in entries(lock))


def resolved(dependencies: Sequence[str], lock: str) -> set[str]:
    """The names of all packages that these dependencies need on this Python and platform."""
    with tempfile.TemporaryDirectory() as folder:
        wanted, constraints = Path(folder, "wanted.txt"), Path(folder, "pins.txt")
        wanted.write_text("\n".join(dependencies))
        constraints.write_text(pins(lock))
        command = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--quiet"]
        command += ["--disable-pip-version-check", "--only-binary", ":all:", "--report", "-"]
        command += ["--requirement", str(wanted), "--constraint", str(constraints)]
        report = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return {normal(item["metadata"]["name"]) for item in report["install"]}


def runtime_lock(project: str, lock: str) -> str:
    """The entries of `lock` for the dependencies of the pyproject.toml `project`, without its extras."""
    needed = resolved(tomllib.loads(project)["project"]["dependencies"], lock)
    return "\n".join(entry for name, entry in entries(lock) if name in needed)


if __name__ == "__main__":
    project_file, lock_file = map(Path, sys.argv[1:])
    sys.stdout.write(runtime_lock(project_file.read_text(), lock_file.read_text()) + "\n")

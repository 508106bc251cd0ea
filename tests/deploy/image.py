"""deploy/Dockerfile as its tests read it, and what Python code imports."""

import ast
import shlex
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.deploy.compose import ROOT

__all__ = ["Instruction", "copied_into", "imported", "instructions", "stage"]

Instruction = tuple[str, str]
"""Its keyword and the rest of it, in one line."""


def instructions() -> list[Instruction]:
    """All of them, in order."""
    text = (ROOT / "deploy/Dockerfile").read_text()
    kept = "\n".join(line for line in text.splitlines() if line and not line.startswith("#"))
    pairs = (line.split(maxsplit=1) for line in kept.replace("\\\n", " ").splitlines())
    return [(keyword, rest) for keyword, rest in pairs]


def stage(number: int) -> list[Instruction]:
    """The instructions of one stage, from its FROM on."""
    stages: list[list[Instruction]] = []
    for keyword, rest in instructions():
        if keyword == "FROM":
            stages.append([])
        stages[-1].append((keyword, rest))
    return stages[number]


def copied_into(folder: str) -> Iterator[tuple[Path, str]]:
    """Each file that the build stage copies there: its path in the checkout, and where it is put."""
    here = ""
    for keyword, rest in stage(0):
        if keyword == "WORKDIR":
            here = rest
        if keyword == "COPY" and here == folder:
            *sources, target = shlex.split(rest)
            for source in (path for pattern in sources for path in ROOT.glob(pattern.rstrip("/"))):
                yield from placed(source, target)


def placed(source: Path, target: str) -> Iterator[tuple[Path, str]]:
    if source.is_file():
        yield source, str(Path(target, source.name))
        return
    for file in sorted(source.rglob("*")):
        if file.is_file() and "__pycache__" not in file.parts:
            yield file, str(Path(target, file.relative_to(source)))


def imported(modules: Iterable[str]) -> set[Path]:
    """The files of the checkout that these modules import, directly or not, themselves included."""
    seen: set[Path] = set()
    ahead = [file for module in modules for file in files_of(module)]
    while ahead:
        file = ahead.pop()
        if file in seen:
            continue
        seen.add(file)
        for node in ast.walk(ast.parse(file.read_text())):
            for name in names_in(node):
                ahead += files_of(name)
    return seen


def names_in(node: ast.AST) -> list[str]:
    """What an import statement may import; of `from a import b`, b may be a module too."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module and not node.level:
        return [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return []


def files_of(module: str) -> list[Path]:
    """The module's file and those of the packages around it, as far as they are in the checkout."""
    parts = module.split(".")
    packages = [ROOT.joinpath(*parts[:length], "__init__.py") for length in range(1, len(parts) + 1)]
    return [file for file in [*packages, ROOT.joinpath(*parts).with_suffix(".py")] if file.is_file()]

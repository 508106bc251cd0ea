"""What the README shows works as it stands there."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def test_the_lines_that_start_a_run_start_it(temporal: str, tmp_path: Path) -> None:
    """Copied into a file of one's own; no worker is needed to start a run."""
    (script,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    environment = {**os.environ, "TEMPORAL_ADDRESS": temporal, "PYTHONPATH": str(ROOT)}
    environment["TENUTO_HOME"] = str(tmp_path)
    mine = tmp_path / "start_one.py"
    mine.write_text(script)
    done = subprocess.run(
        [sys.executable, str(mine)], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert "resolve-ticket/acme/" in done.stdout


def test_every_folder_that_it_maps_is_there() -> None:
    """And every Python package is mapped."""
    mapped = set(re.findall(r"`([a-z_]+)/`", README.partition("## Where things are")[2]))
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert packages <= mapped
    assert all((ROOT / name).is_dir() for name in mapped)

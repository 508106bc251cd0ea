"""With a server that would take them: bad input among good, and nothing is started."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from embedded.stack import stop_all
from embedded.temporal_server import ensure_temporal
from tests.commands.test_bad_input import MAIL, OTHER, ROOT, starter

# Far below a real server's 2 MB, which no mail reaches: a ticket is cut to 14,500 bytes.
LARGEST_INPUT = 10_000


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real one that accepts inputs of LARGEST_INPUT bytes."""
    folder = tmp_path_factory.mktemp("server")
    # The server looks at its second limit only above its first.
    limits = [f"limit.blobSize.{kind}={LARGEST_INPUT}" for kind in ("warn", "error")]
    extra = [word for limit in limits for word in ("--dynamic-config-value", limit)]
    yield ensure_temporal(folder, extra).address
    stop_all(folder)


def runs_on(server: str, folder: Path) -> list[str]:
    """The workflow ids that `list` shows."""
    listed = starter("list", "--json", home=folder, TEMPORAL_ADDRESS=server)
    assert listed.returncode == 0, listed.stderr
    return [run["workflow_id"] for run in json.loads(listed.stdout)]


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    """A folder with a good mail."""
    folder = tmp_path / "inbox"
    folder.mkdir()
    shutil.copy(ROOT / MAIL, folder / "a-good.eml")
    return folder


BAD = {
    "b-bytes.eml": (b"\0\0 no mail", "not a mail"),
    "c-empty.eml": (b"From: a@example.com\n\n", "no text in this mail"),
    "d-unsent.eml": (b"Subject: hello\n\nI have no sender.\n", "not a mail: no sender's address"),
    "e-large.eml": (b"From: a@example.com\n\n" + b"x" * 20_000_000, "larger than 10 MB"),
}


def test_bad_mails_in_a_folder_keep_the_good_one_from_starting(
    server: str, inbox: Path, tmp_path: Path
) -> None:
    """Each is named with what is wrong with it."""
    for name, (content, _) in BAD.items():
        (inbox / name).write_bytes(content)
    done = starter("run", "resolve-ticket", str(inbox), home=tmp_path, TEMPORAL_ADDRESS=server)
    assert done.returncode == 2
    assert done.stderr.splitlines() == [f"starter: {inbox / name}: {says}" for name, (_, says) in BAD.items()]
    assert runs_on(server, tmp_path) == []


TERMS = {
    "the cap is below escrow plus the first hold: it takes at least ": ["--tokens", "100"],
    "0 tokens, 10 calls and 10 steps": ["--tokens", "0"],
    "given are 0.05 USD, 120000 tokens, 10 calls and 2 steps": ["--steps", "2"],
    "given are 0.0001 USD": ["--usd", "0.0001", "--profile", "openai-small"],
    "no profile 'nope'; known: local, openai-small": ["--profile", "nope"],
    "the deadline leaves no time": ["--deadline", "3m"],
    "--id names one run, but there are 2 inputs": ["--id", "one"],
}


def test_terms_that_cannot_be_kept_start_nothing(server: str, inbox: Path, tmp_path: Path) -> None:
    """Caps below escrow plus the first hold, an unknown profile, no time, one id for two."""
    shutil.copy(ROOT / OTHER, inbox / "b-good.eml")
    for says, options in TERMS.items():
        done = starter("run", "resolve-ticket", str(inbox), *options, home=tmp_path, TEMPORAL_ADDRESS=server)
        assert done.returncode == 2
        (line,) = done.stderr.splitlines()
        assert says in line
    assert runs_on(server, tmp_path) == []


@pytest.mark.parametrize(
    ("text", "options"), [("€" * 12_000, []), ("Where is my parcel?", ["--id", "x" * 2_000])]
)
def test_what_the_server_refuses_is_told_in_its_words(
    server: str, tmp_path: Path, text: str, options: list[str]
) -> None:
    """An input or an id above its limits."""
    mail = tmp_path / "large.eml"
    mail.write_text(
        f"From: a@example.com\nContent-Type: text/plain; charset=utf-8\n\n{text}\n", encoding="utf-8"
    )
    done = starter(
        "run", "resolve-ticket", str(mail), "--no-wait", *options, home=tmp_path, TEMPORAL_ADDRESS=server
    )
    assert done.returncode == 1, done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("starter: the Temporal server refuses: ")
    assert "exceeds" in line
    assert runs_on(server, tmp_path) == []

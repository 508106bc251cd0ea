"""`dev` and what is there when it begins: open runs, and the approvers of another stack."""

import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from embedded.stack import Launch, Service
from embedded.temporal_server import temporal_service
from tests.commands.stacks import provided, without_leftovers
from tests.commands.terminal import on_pipes, on_terminal, shown

MAILS = ["samples/tickets/01-broken-mugs.eml", "samples/tickets/07-fan-after-ten-weeks.eml"]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Mapping[str, str]]:
    """A home folder with its own Temporal server, and no worker; its provider hangs."""
    with provided(tmp_path, "read_ticket=hang,hang,hang,hang") as changed, without_leftovers(tmp_path):
        temporal_service(tmp_path).ensure()
        yield changed


def started(tenant: str, home: Path, changed: Mapping[str, str]) -> None:
    arguments = ["run", "resolve-ticket", *MAILS, "--tenant", tenant, "--no-wait"]
    with on_pipes(*arguments, home=home, changed=changed) as command:
        assert command.ended() == 0, command.errors


def test_dev_says_what_it_goes_on_with_and_ends_what_cannot(
    served: Mapping[str, str], tmp_path: Path
) -> None:
    """A demo's shop and payments are gone: its runs are ended, as the next demo would; the others go on."""
    started("acme", tmp_path, served)
    (tmp_path / "demo" / "20260101-120000").mkdir(parents=True)
    started("demo-120000", tmp_path, served)
    with on_pipes("dev", home=tmp_path, changed=served) as command:
        command.until("ready: ", 90)
        with on_pipes("list", "--state", "running", home=tmp_path, changed=served) as listed:
            assert listed.ended() == 0
        command.interrupt()
        command.until("the worker may finish what is under way")
        time.sleep(2)
        command.interrupt()  # its provider hangs
        command.ended(60)
    said = " ".join(command.output.split())
    assert said.count("left over by an interrupted demo") == 2
    assert "it goes on with 2 open runs: python starter.py list --state running" in said
    assert "demo-120000" not in listed.output
    assert listed.output.count("resolve-ticket/acme/") == 2


def test_a_key_made_during_a_demo_says_that_it_is_the_demos(tmp_path: Path) -> None:
    """The stack that runs keeps approvers of its own; a key for one's own runs is another."""
    own = tmp_path / "demo" / "20260101-000000" / "approvers"

    def plan() -> Launch:
        return Launch(["sleep", "60"], {"url": "http://127.0.0.1:1", "approvers": str(own)})

    with without_leftovers(tmp_path):
        Service("payments", tmp_path, plan).ensure()
        with on_terminal("new-key", "alice", home=tmp_path, columns=60) as command:
            assert command.ended() == 0
    assert (own / "alice.key").exists()
    said = " ".join(" ".join(shown(command.output)).split())
    assert "for the demo that runs now only" in said
    with on_terminal("new-key", "alice", home=tmp_path, columns=60) as command:
        assert command.ended() == 0
    assert (tmp_path / "approvers" / "alice.key").exists()
    assert "demo that runs now" not in " ".join(" ".join(shown(command.output)).split())

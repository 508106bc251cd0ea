"""A profile without its key: refused where this checkout's worker lacks it, else only a warning."""

from pathlib import Path

from temporalio.client import Client

from embedded.stack import Service
from tests.commands.stacks import provided, without_leftovers
from tests.commands.terminal import on_pipes
from tests.commands.test_demo_cost import PAID

MAIL = "samples/tickets/01-broken-mugs.eml"
RUN = ["run", "resolve-ticket", MAIL, "--profile", "openai-small", "--no-wait"]


def test_a_run_is_refused_when_the_worker_was_started_without_the_key(tmp_path: Path) -> None:
    """Whatever key this terminal has: the worker has not got it. The reason, then a command for each step."""
    with provided(tmp_path) as changed, without_leftovers(tmp_path):
        with Path(changed["TENUTO_MODELS"]).open("a") as models:
            models.write(PAID)
        with on_pipes("dev", home=tmp_path, changed=changed) as dev:
            dev.until("ready: ", 90)
            for key in ("", "sk-of-this-terminal"):
                with on_pipes(*RUN, home=tmp_path, changed={**changed, "OPENAI_API_KEY": key}) as command:
                    assert command.ended() == 2
                assert command.output == ""
                assert command.errors.splitlines() == [
                    "starter: profile 'openai-small' needs OPENAI_API_KEY, and the worker was started "
                    "without it; nothing was started",
                    "starter:   end `dev`, then: OPENAI_API_KEY=... python starter.py dev",
                    "starter:   or: python starter.py run resolve-ticket INPUT --profile scripted",
                ]
            dev.interrupt()
            dev.ended(60)


def test_a_run_is_taken_when_the_worker_has_the_key_and_this_terminal_has_not(tmp_path: Path) -> None:
    with provided(tmp_path) as changed, without_leftovers(tmp_path):
        with Path(changed["TENUTO_MODELS"]).open("a") as models:
            # Nothing is listening there, so that nobody is asked with the key.
            models.write(PAID.replace("https://api.openai.com/v1", "http://127.0.0.1:1/v1"))
        with on_pipes("dev", home=tmp_path, changed={**changed, "OPENAI_API_KEY": "sk-none"}) as dev:
            dev.until("ready: ", 90)
            state = Service("worker", tmp_path).running()
            assert state is not None
            assert state.facts["keyless"] == "{}"
            with on_pipes(*RUN, home=tmp_path, changed=changed) as command:
                assert command.ended() == 0, command.errors
            assert "OPENAI_API_KEY" not in command.errors
            dev.interrupt()
            dev.ended(60)


async def test_of_workers_elsewhere_nothing_is_known(temporal: str, tmp_path: Path) -> None:
    """Keys live at the workers, and none of this checkout runs: a warning, and the run is started."""
    changed = {"TEMPORAL_ADDRESS": temporal}
    with on_pipes(*RUN, "--tenant", "elsewhere", home=tmp_path, changed=changed) as command:
        assert command.ended() == 0, command.errors
    assert "'openai-small' needs OPENAI_API_KEY, which is not set here; the workers must have it" in " ".join(
        command.errors.split()
    )
    name = command.errors.partition("started ")[2].split()[0]
    await (await Client.connect(temporal)).get_workflow_handle(name).terminate()

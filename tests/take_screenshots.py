"""Take docs/screenshots anew: `make screenshots` shows real runs in the Temporal UI, and our own pages."""

import asyncio
import sys
import tempfile
from pathlib import Path
from urllib.parse import quote

from embedded.stack import CHECKOUT, stop_all
from embedded.temporal_server import ensure_temporal
from operations.starting import start
from process import run
from samples.payment_faults import Fault
from tests.browser import Browser, browsing
from tests.fault_server import faults
from tests.page_pictures import pages_in, take_pages
from tests.workflows.world import World, as_read, reads_by_truth, sample
from workflows.resolve_ticket import ResolveTicket

SCREENSHOTS = CHECKOUT / "docs" / "screenshots"
WIDTH = 1400
# What an operator would choose to see; the UI keeps it in the browser.
COLUMNS = ("Status", "Workflow ID", "TenutoStage", "TenutoTenant", "TenutoSpentUsd", "Start", "End")
# Lists and timelines are drawn a moment after their words are there.
SETTLES_S = 2.0


async def begin(world: World, name: str) -> tuple[str, str]:
    """A sample under its usual id; returns the ids of workflow and run."""
    started = await start(
        world.client, ResolveTicket, sample(name), world.terms(), task_queue=world.task_queue
    )
    return started.workflow_id, started.run_id


async def main() -> None:
    """A run that waits for a person, one that met every kind of fault, and the list of all."""
    SCREENSHOTS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        temporal = ensure_temporal(folder)
        try:
            async with World.opened(temporal.address, folder) as world, world.working():
                await take(world, f"{temporal.ui}/namespaces/default/workflows")
        finally:
            stop_all(folder)


async def take(world: World, ui: str) -> None:
    world.provider.default = reads_by_truth
    rate_limit = faults.status(429, headers=[("Retry-After", "0")])
    world.provider.script(
        rate_limit, faults.reset(), faults.reply({"wish": "all"}), as_read("01"), task="read_ticket"
    )
    world.payments.faults.arrange(Fault(do="reset_after", path="/refunds"))
    recovered = await begin(world, "01")
    await world.client.get_workflow_handle(recovered[0]).result()
    for each in ("03", "07", "09", "12", "19"):
        await begin(world, each)
    waiting = await begin(world, "05")
    await world.waiting(world.client.get_workflow_handle(waiting[0]))
    await asyncio.sleep(2)  # the list is indexed a moment later
    async with browsing() as browser:
        await browser.remember(
            "namespace-workflow-table-columns", {"default": [{"label": each} for each in COLUMNS]}
        )
        await picture(browser, ui, "list", until="COMPLETED", height=760)
        for label, (workflow_id, run_id) in {"waiting": waiting, "recovered": recovered}.items():
            page = f"{ui}/{quote(workflow_id, safe='')}/{run_id}"
            await picture(browser, f"{page}/timeline", f"{label}-timeline", until="read_ticket")
            await picture(browser, f"{page}/history", f"{label}-history", until="read_ticket", height=2200)
            await picture(
                browser, f"{page}/user-metadata", f"{label}-details", until="Current Details", height=760
            )
    with tempfile.TemporaryDirectory() as name:
        pages = await asyncio.to_thread(pages_in, Path(name))
        async with browsing() as browser:
            await take_pages(browser, pages, SCREENSHOTS)


async def picture(browser: Browser, url: str, name: str, *, until: str, height: int = 1300) -> None:
    """One page, into NAME.png, once it shows these words."""
    await browser.open(url, width=WIDTH, height=height, until=until)
    await asyncio.sleep(SETTLES_S)
    await browser.picture(SCREENSHOTS / f"{name}.png")
    sys.stdout.write(f"took {name}\n")


if __name__ == "__main__":
    run(main())

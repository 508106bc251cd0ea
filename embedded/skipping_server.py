"""A Temporal server of its own whose time can be skipped, run by run: for what takes days."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from temporalio.client import Client
from temporalio.testing import TimeSkipper, TimeSkippingConfig

from embedded.stack import stop_all
from embedded.temporal_server import NAMESPACE, temporal_service
from payloads.storage import converter_for

__all__ = ["skipping_server"]

ALLOWED = ("--dynamic-config-value", "frontend.WorkflowTimeSkippingEnabled=true")


@asynccontextmanager
async def skipping_server() -> AsyncIterator[TimeSkipper]:
    """Runs that are started by its client keep their time until `fast_forward` moves it on.

    The server and what it recorded are gone afterwards. Raises ServiceError.
    """
    with tempfile.TemporaryDirectory(prefix="tenuto-") as name:
        folder = Path(name)
        try:
            facts = temporal_service(folder, ALLOWED).ensure().facts
            converter = converter_for(str(folder / "payloads"))
            client = await Client.connect(facts["address"], namespace=NAMESPACE, data_converter=converter)
            # With no bound it would jump over a person's answer.
            yield TimeSkipper(client, config=TimeSkippingConfig(enabled=False))
        finally:
            stop_all(folder)

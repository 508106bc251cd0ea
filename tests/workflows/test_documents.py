"""Documents in a run on a real server: its history holds references, and a failure by its class."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory

from contracts.attempts import Fault
from operations.certificates import exceeded
from operations.document_sources import keep_document
from operations.starting import start
from operations.verification import verify
from payloads.storage import documents_in
from tests.made_documents import pdf, shown
from tests.workflows.read_documents import PLAN, PagesRead, ReadDocument
from tests.workflows.world import World

WORDS = "an unmistakable sentence of the document"


@pytest.fixture
async def world(temporal: str, tmp_path: Path) -> AsyncIterator[World]:
    """With a worker that knows the workflow of this test."""
    async with World.opened(temporal, tmp_path) as opened, opened.working([ReadDocument]):
        yield opened


async def read(world: World, content: bytes) -> tuple[PagesRead, WorkflowHistory]:
    """Run to the end, and verify."""
    document = keep_document("bill.pdf", content, documents_in(world.settings.documents))
    name = f"{world.profile}/read-document"
    terms = world.terms(deadline=PLAN.deadline)
    await start(world.client, ReadDocument, document, terms, task_queue=world.task_queue, workflow_id=name)
    handle = world.client.get_workflow_handle(name, result_type=PagesRead)
    pages = await asyncio.wait_for(handle.result(), 60)
    history = await handle.fetch_history()
    assert (await verify(history, [ReadDocument])).findings == []
    assert exceeded(history, [ReadDocument]) == []
    return pages, history


async def test_a_run_converts_a_document_and_reads_its_pages_by_reference(world: World) -> None:
    """Its input and the conversion's result name the text by digest only; text comes when asked for."""
    hidden = shown("to the model", y=500, before="1 1 1 rg")
    pages, history = await read(world, pdf(shown(WORDS), shown("the second") + hidden))
    assert (pages.texts, pages.hidden_on, pages.ending) == ((WORDS, "the second"), (2,), None)
    converted = [
        event.activity_task_completed_event_attributes.result.SerializeToString()
        for event in history.events
        if event.HasField("activity_task_completed_event_attributes")
    ]
    assert len(converted) == 2
    assert WORDS.encode() not in converted[0]
    assert all(b"to the model" not in event.SerializeToString() for event in history.events)


async def test_a_document_that_cannot_be_read_ends_the_run_by_its_way_out(world: World) -> None:
    pages, _ = await read(world, pdf(shown(WORDS))[:300])
    assert pages.ending is not None
    assert (pages.ending.step, pages.ending.fault) == ("convert_document", Fault.BROKEN_BODY)

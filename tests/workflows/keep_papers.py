"""Fetch a paper, maybe wait, and file it: a workflow for tests whose values are as large as one likes."""

import hashlib
from collections.abc import Callable, Sequence
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from temporalio import activity, workflow

from contracts.attempts import EffectCall
from contracts.receipts import Ending, Result
from contracts.sheet import Escrow
from contracts.steps import Effect, Offers, Read, StepPolicy
from contracts.terms import Amount, Terms
from contracts.values import Value
from workflows.kernel.case import Case
from workflows.kernel.plan import Plan

__all__ = ["GO_ON", "PLAN", "KeepPapers", "Kept", "Papers", "paper_activities", "text_of"]

GO_ON = "go_on"
POLICY = StepPolicy(attempt_timeout=timedelta(seconds=30), attempts=2)


class Stage(StrEnum):
    KEEPING = "keeping"


class FetchPaper(Value):
    size: int


class Paper(Value):
    text: str


class Filed(Value):
    sha256: str


class Papers(Value):
    size: int
    """Of the paper that is fetched."""
    text: str = ""
    """Put below it before it is filed."""
    locally: bool = False
    waits: bool = False
    """For a signal, between fetching and filing."""


class Kept(Result):
    text: str = ""
    sha256: str = ""


fetch_paper = Read(name="fetch_paper", request=FetchPaper, reply=Paper, policy=POLICY, local=False)
glance_at_paper = Read(name="glance_at_paper", request=FetchPaper, reply=Paper, policy=POLICY)
file_paper = Effect(
    name="file_paper",
    request=Paper,
    reply=Filed,
    policy=POLICY,
    offers=Offers.KEYED,
    key=lambda request: "paper",
    max_request_bytes=9_000_000,
)

PLAN = Plan(
    name="keep-papers",
    stages={Stage.KEEPING: ()},
    steps=(fetch_paper, glance_at_paper, file_paper),
    cap=Amount(usd=Decimal("0.01"), tokens=1, calls=1, steps=5),
    deadline=timedelta(minutes=5),
    escrow=Escrow(),
    max_input_bytes=4_000_000,
)


def text_of(size: int) -> str:
    """So many characters, of which some take two bytes and some are escaped in JSON."""
    return ('"Invoice 4711" for Zoë:\n3 €\n' * (size // 26 + 1))[:size]


def paper_activities() -> Sequence[Callable[..., Any]]:
    """What a worker registers."""

    @activity.defn(name=fetch_paper.name)
    async def fetch(request: FetchPaper) -> Paper:
        return Paper(text=text_of(request.size))

    @activity.defn(name=glance_at_paper.name)
    async def glance(request: FetchPaper) -> Paper:
        return Paper(text=text_of(request.size))

    @activity.defn(name=file_paper.name)
    async def keep(request: Paper, call: EffectCall) -> Filed:
        return Filed(sha256=hashlib.sha256(request.text.encode()).hexdigest())

    return [fetch, glance, keep]


@workflow.defn(name=PLAN.name)
class KeepPapers:
    plan = PLAN

    @workflow.init
    def __init__(self, papers: Papers, terms: Terms) -> None:
        self.case = Case(PLAN)
        self.papers = papers
        self.may_go_on = not papers.waits

    @workflow.run
    async def run(self, papers: Papers, terms: Terms) -> Kept:
        return await self.case.run(terms, self.keep(), self.leave)

    @workflow.signal(name=GO_ON)
    def go_on(self) -> None:
        self.may_go_on = True

    async def keep(self) -> Kept:
        step = glance_at_paper if self.papers.locally else fetch_paper
        paper = await self.case.step(step, FetchPaper(size=self.papers.size), why="nothing is known of it")
        await workflow.wait_condition(lambda: self.may_go_on)
        whole = Paper(text=paper.text + self.papers.text)
        filed = await self.case.step(file_paper, whole, why="it must be found again")
        return Kept(text=whole.text, sha256=filed.sha256)

    async def leave(self, ending: Ending) -> Kept:
        return Kept()

"""Every sample ticket: which took the path of a careful reader, and which refunds were due."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console

from commands.demo_play import Course
from commands.demo_proof import refunds_in, wrong_refunds
from commands.evaluate_report import Score, as_text, print_scores
from commands.evaluation import Job
from commands.sample_stack import Setting
from commands.sample_tickets import Sample, samples
from contracts.terms import Terms
from operations.histories import fetch
from operations.story import story
from workflows.resolve_ticket import ResolveTicket

__all__ = ["TICKETS"]


@dataclass(frozen=True)
class EvaluatedTickets:
    """Held against the truth and the payment service's book."""

    scores: Sequence[Score]
    problems: Sequence[str]

    def show(self, console: Console) -> None:
        """For a person."""
        print_scores(self.scores, self.problems, console)

    def as_text(self, profile: str) -> str:
        """As JSON."""
        return as_text(self.scores, self.problems, profile)


async def judged(course: Course[Sample], setting: Setting, terms: Terms) -> EvaluatedTickets:
    """A problem is a refund that was not due, and a run that did not end well."""
    refunds = refunds_in(setting.folder / "payments.jsonl")
    scores, problems = [], []
    for run in course.runs:
        sample, name = course.parts[run.workflow_id], run.workflow_id
        told = story(await fetch(course.client, name, run.run_id))
        own = [refund for refund in refunds if refund.of(name)]
        scores.append(Score(sample, told, len(wrong_refunds([(sample, name)], own))))
        if told.state != "completed":
            problems.append(f"{sample.label} did not complete: {told.state} {told.reason or ''}".rstrip())
    everyone = [(sample, name) for name, sample in course.parts.items()]
    return EvaluatedTickets(scores, problems + wrong_refunds(everyone, refunds))


TICKETS = Job(workflow=ResolveTicket, what="ticket", folder="samples/tickets", samples=samples, judged=judged)

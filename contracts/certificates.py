"""A certificate: what a run can come to at most, known before it starts."""

from pydantic import Field

from contracts.terms import Amount
from contracts.values import Usd, Value

__all__ = ["MOST_EVENTS", "Certificate", "StepWorst"]

MOST_EVENTS = 10_000
"""Of a history. Temporal warns above 10,240 events, and ends the run above 51,200."""


class StepWorst(Value):
    """The worst case of every occurrence of one step in one run."""

    step: str
    times: int = Field(ge=0)
    attempts: int = Field(ge=0)
    """Of one occurrence, over all routes and repairs. A read's are made where it runs, and are free."""
    usd: Usd
    tokens: int = Field(ge=0)
    calls: int = Field(ge=0)
    busy_s: int = Field(ge=0)
    """Every attempt at its timeout, and every wait between attempts that no service asked for."""
    events: int = Field(ge=0)


class Certificate(Value):
    """The worst case of a whole run, from declared bounds alone."""

    workflow: str
    profile: str
    parks: bool
    """Whether a person may repair what failed, which begins the step's attempts anew."""
    worst: Amount
    """With every cap lifted: no run of this code under this sheet can come to more."""
    at_most: Amount
    """Under its terms: the smaller of the worst case and the cap, in each measure."""
    time_s: int = Field(ge=0)
    """Until the story is ended by its deadline, and then the way out with every attempt at its timeout."""
    way_out_s: int = Field(ge=0)
    escrow_s: int = Field(ge=0)
    """What is kept for the way out."""
    busy_s: int = Field(ge=0)
    """Of every step together, were there no deadline."""
    events: int = Field(ge=0)
    """Of its history, a lost worker in each workflow task included; not what strangers write into it."""
    steps: tuple[StepWorst, ...]
    """One occurrence after the other may be in different kinds of run, so they need not add up."""

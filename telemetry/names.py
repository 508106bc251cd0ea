"""Every name under which telemetry leaves: dashboards and alerts are written against them.

An OpenTelemetry collector's Prometheus exporter turns the instruments into these series:

    tenuto_attempts_total{step,outcome,fault,route}
    tenuto_tokens_total{direction,route,step}
    tenuto_money_usd_total{booking,route,step}
    tenuto_held_usd
    tenuto_attempt_duration_seconds
    tenuto_approvals_total{outcome}
    tenuto_runs_waiting{what}

It appends a unit that stands alone (`s` becomes `_seconds`) and drops one in braces.
"""

from contracts.happenings import RunName

__all__ = [
    "APPROVALS",
    "ATTEMPTS",
    "DURATION",
    "HELD",
    "MONEY",
    "NONE",
    "SCOPE",
    "TOKENS",
    "WAITING",
    "run_attributes",
]

SCOPE = "tenuto"
"""The instrumentation scope of every span and metric of ours."""

ATTEMPTS = ("tenuto.attempts", "{attempt}", "Attempts of steps that ended, by outcome and fault.")
TOKENS = ("tenuto.tokens", "{token}", "Tokens that providers billed.")
MONEY = ("tenuto.money.usd", "{USD}", "US dollars booked: proven, or the worst case of unknown attempts.")
HELD = ("tenuto.held.usd", "{USD}", "US dollars held for attempts that are under way here.")
DURATION = ("tenuto.attempt.duration", "s", "From scheduling an attempt to booking it.")
APPROVALS = ("tenuto.approvals", "{approval}", "Questions to a person that ended, by outcome.")
WAITING = ("tenuto.runs.waiting", "{run}", "Runs that wait for a person or for their next attempt.")

NONE = "none"
"""The label of what is not there: the fault of a success, the route of an effect."""


def run_attributes(run: RunName) -> dict[str, str]:
    """On every span; the first two are spelled as the SDK spells them."""
    return {
        "temporalWorkflowID": run.workflow_id,
        "temporalRunID": run.run_id,
        "tenuto.workflow": run.workflow,
        "tenuto.tenant": run.tenant,
    }

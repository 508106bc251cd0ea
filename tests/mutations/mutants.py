"""The defects, each with the quickest tests that are there to notice it."""

from dataclasses import dataclass

from tests.checkouts import Edit

__all__ = ["MUTANTS", "Mutant"]


@dataclass(frozen=True)
class Mutant:
    """One defect."""

    name: str
    edits: tuple[Edit, ...]
    tests: tuple[str, ...]
    """Files, or single tests of them, as pytest takes them."""


def mutant(name: str, file: str, old: str, new: str, *tests: str) -> Mutant:
    """One in a single place."""
    return Mutant(name, (Edit(file, old, new),), tests)


LEDGER = "workflows/kernel/ledger.py"
SCHEDULING = "workflows/kernel/scheduling.py"
APPROVALS = "workflows/kernel/approvals.py"
TENANT_LEDGER = "activities/tenant_ledger.py"
STATUSES = "tests/activities/test_provider_statuses.py"
ON_LEDGERS = "tests/kernel/test_ledger.py"
ON_TENANTS = "tests/activities/test_tenant_ledger.py"
ON_NEXT = "tests/kernel/test_next_attempt.py"
ON_APPROVALS = "tests/workflows/test_approvals.py"
ON_THE_STORY = "tests/workflows/test_resolve_ticket.py"
ON_THE_SHEET = "tests/workflows/test_sheet_rule.py"

REQUESTS = (
    mutant(
        "the provider's client retries by itself",
        "activities/wire.py",
        "max_retries=0,",
        "max_retries=2,",
        f"{STATUSES}::test_a_rate_limit_costs_nothing",
    ),
    mutant(
        "a redirect is followed",
        "activities/wire.py",
        "follow_redirects=False,",
        "follow_redirects=True,",
        f"{STATUSES}::test_a_redirect_is_never_followed",
    ),
    mutant(
        "the server retries an attempt that may have cost money",
        SCHEDULING,
        "ONE_SERVER_ATTEMPT = RetryPolicy(maximum_attempts=1)",
        "ONE_SERVER_ATTEMPT = RetryPolicy(maximum_attempts=2)",
        "tests/workflows/test_lost_attempts.py",
    ),
    mutant(
        "a prompt larger than its hold is sent",
        "activities/models.py",
        "if sent.input_bytes > call.max_input_bytes:",
        "if sent.input_bytes > 10 * call.max_input_bytes:",
        "tests/activities/test_model_attempts.py::test_a_prompt_above_its_hold_is_never_sent",
    ),
    mutant(
        "a refund goes out without its idempotency key",
        "activities/refunds.py",
        '"Idempotency-Key": header_key(call.key),',
        '"Idempotency-Key": header_key(call.attempt_id),',
        "tests/activities/test_refunds.py",
    ),
    mutant(
        "an effect's key changes with the run of its workflow id",
        SCHEDULING,
        'return f"{workflow.info().workflow_id}/',
        'return f"{workflow.info().run_id}/',
        "tests/workflows/test_resets.py::test_a_refund_that_is_made_again_after_a_reset_is_the_same_refund",
    ),
)

BOOKS = (
    mutant(
        "the hold of an attempt that timed out is released",
        "workflows/kernel/attempts.py",
        'cost=Cost.UNKNOWN, reason=f"{name} timeout")',
        'cost=Cost.NONE, reason=f"{name} timeout")',
        "tests/kernel/test_failures.py",
    ),
    mutant(
        "a call that was sent and not answered counts as free",
        "activities/faults.py",
        "cost=Cost.UNKNOWN if sent else Cost.NONE,",
        "cost=Cost.NONE,",
        "tests/activities/test_provider_connections.py",
    ),
    mutant(
        "an unknown cost is given back instead of booked",
        SCHEDULING,
        "ledger.lose(attempt.id, failure.fault)",
        "ledger.release(attempt.id, failure.fault)",
        f"{ON_THE_STORY}::test_a_lost_call_is_booked_unknown_and_the_run_goes_on",
    ),
    mutant(
        "the story spends the escrow",
        LEDGER,
        "booked = (self.settled, self.unknown, self.held, self.escrow)",
        "booked = (self.settled, self.unknown, self.held)",
        ON_LEDGERS,
    ),
    mutant(
        "what is unknown may be spent again",
        LEDGER,
        "booked = (self.settled, self.unknown, self.held, self.escrow)",
        "booked = (self.settled, self.held, self.escrow)",
        ON_LEDGERS,
    ),
    mutant(
        "models are called after an overrun",
        LEDGER,
        "if self.overrun and amount.calls:",
        "if self.overrun and amount.steps:",
        ON_LEDGERS,
    ),
    mutant(
        "a usage that is no whole number is believed",
        "activities/usage.py",
        "type(value) is int and",
        "isinstance(value, int) and",
        "tests/activities/test_invalid_replies.py",
    ),
    Mutant(
        "the hold is taken after the attempt is scheduled",
        (
            Edit(
                SCHEDULING,
                "self.run.ledger.hold(attempt_id, begun.step.name, worst, route)",
                "self.late = {**getattr(self, 'late', {}), attempt_id: (begun.step.name, worst)}",
            ),
            # Which needs the hold.
            Edit(SCHEDULING, "self.run.tell(lambda: AttemptBegun(", "(lambda: AttemptBegun("),
            Edit(
                SCHEDULING,
                "        handle = self._schedule(begun, attempt, link)\n",
                "        handle = self._schedule(begun, attempt, link)\n"
                "        if attempt.id in getattr(self, 'late', {}):\n"
                "            ledger.hold(attempt.id, *self.late[attempt.id])\n",
            ),
        ),
        (
            "tests/workflows/test_parallel_steps.py"
            "::test_with_enough_for_all_every_hold_is_taken_before_anything_is_scheduled",
        ),
    ),
)

NUMBERS = (
    mutant(
        "a bill is priced by the code",
        LEDGER,
        "usd=route.price.of(usage.input_tokens, usage.output_tokens),",
        "usd=(usage.input_tokens * Decimal('0.15') + usage.output_tokens * Decimal('0.60')) / 1_000_000,",
        "tests/kernel/test_prices.py::test_a_free_model_still_costs_tokens_and_a_call",
    ),
    Mutant(
        "a hold is priced by what models.toml says now",
        (
            Edit(
                LEDGER,
                "from decimal import Decimal\n",
                "import os\nfrom decimal import Decimal\nfrom pathlib import Path\n",
            ),
            Edit(
                LEDGER, "ZERO = Amount()", "from activities.catalogue import load_catalogue\nZERO = Amount()"
            ),
            Edit(
                LEDGER,
                "        usd=route.price.of(input_tokens, max_output_tokens),",
                "        usd=load_catalogue(Path(os.environ.get('TENUTO_MODELS', '')), {})"
                ".routes[route.name].price.of(input_tokens, max_output_tokens)"
                " if os.environ.get('TENUTO_MODELS') else route.price.of(input_tokens, max_output_tokens),",
            ),
        ),
        (ON_THE_SHEET,),
    ),
    mutant(
        "a step has as many attempts as the code says now",
        "workflows/kernel/courses.py",
        "attempts_left=begun.numbers.policy.attempts - len(failures),",
        "attempts_left=begun.step.policy.attempts - len(failures),",
        ON_THE_SHEET,
    ),
    mutant(
        "a model is asked for a third repair",
        "workflows/kernel/attempts.py",
        "MAX_REPAIRS = 2",
        "MAX_REPAIRS = 3",
        ON_NEXT,
    ),
)

ENDINGS = (
    mutant(
        "the deadline is ignored",
        "workflows/kernel/case.py",
        "await workflow.wait([telling, deadline], return_when=asyncio.FIRST_COMPLETED)",
        "await workflow.wait([telling], return_when=asyncio.FIRST_COMPLETED)",
        f"{ON_THE_STORY}::test_a_deadline_ends_in_order_with_the_time_that_was_kept",
    ),
    mutant(
        "the story uses up the time for the way out",
        "workflows/kernel/run.py",
        "return self.deadline_at - self.sheet.escrow.time",
        "return self.deadline_at",
        "tests/operations/test_verification.py"
        "::test_a_recorded_run_is_proven_by_the_current_code[handed-over-at-the-deadline]",
    ),
    mutant(
        "an effect that may have happened happens again where nobody can tell",
        "workflows/kernel/attempts.py",
        "facts.offers.is_(Offers.NEITHER),\n            facts.may_have_happened,",
        "facts.offers.is_(Offers.NEITHER),\n            facts.attempts_left.is_(0),\n"
        "            facts.may_have_happened,",
        ON_NEXT,
    ),
)

PEOPLE = (
    mutant(
        "an approval counts for any action",
        APPROVALS,
        "if answer.action != question.action:",
        "if len(answer.action) != len(question.action):",
        f"{ON_APPROVALS}::test_a_proof_counts_for_its_own_run_alone",
    ),
    mutant(
        "a proof counts for any action",
        APPROVALS,
        'if claims["action"] != answer.action or claims',
        "if claims",
        f"{ON_APPROVALS}::test_a_proof_counts_for_its_own_run_alone",
    ),
    mutant(
        "whoever requested a run may approve its actions",
        APPROVALS,
        'if claims["sub"] == run.terms.requested_by:',
        'if claims["sub"] == run.terms.tenant:',
        f"{ON_APPROVALS}::test_a_forged_answer_is_refused_and_the_right_one_still_works[self-approval]",
    ),
)

TENANTS = (
    Mutant(
        "the tenant's ledger is looked at first and booked later",
        (
            Edit(
                TENANT_LEDGER,
                "        with self.database.transaction() as db:\n"
                "            books = TenantBooks.locked(db, request.tenant, moment.date(), moment)\n"
                "            period =",
                "        with self.database.transaction() as db:\n"
                "            books = TenantBooks.locked(db, request.tenant, moment.date(), moment)\n"
                "            reason = refusal(books, request.amount)\n"
                # Enough for the others to look, too.
                "        import time\n        time.sleep(0.01)\n"
                "        with self.database.transaction() as db:\n"
                "            books = TenantBooks.locked(db, request.tenant, moment.date(), moment)\n"
                "            period =",
            ),
            Edit(TENANT_LEDGER, "                reason = refusal(books, request.amount)\n", ""),
        ),
        (f"{ON_TENANTS}::test_many_at_once_never_pass_the_cap[sqlite]",),
    ),
    mutant(
        "the tenant's ledger is locked only when it is written",
        "activities/database.py",
        '"BEGIN IMMEDIATE"',
        '"BEGIN"',
        f"{ON_TENANTS}::test_many_at_once_never_pass_the_cap[sqlite]",
    ),
    mutant(
        "an attempt that is told twice is booked twice",
        TENANT_LEDGER,
        "for each in spent if each.attempt_id not in known}",
        "for each in spent}",
        f"{ON_TENANTS}::test_an_attempt_is_booked_once_however_often_it_is_told[sqlite]",
    ),
    mutant(
        "what is unknown may be leased again",
        "activities/tenant_books.py",
        "return self.leased + self.settled + self.unknown",
        "return self.leased + self.settled",
        f"{ON_TENANTS}::test_what_is_unknown_cannot_be_leased_again[sqlite]",
    ),
)

# What takes longest begins first.
MUTANTS = (*ENDINGS, *NUMBERS, *REQUESTS, *BOOKS, *TENANTS, *PEOPLE)

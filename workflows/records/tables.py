"""What `extract_records` decides: which sections are read, whose value counts, what becomes of the record."""

from enum import StrEnum

from contracts.values import Value
from workflows.kernel.decisions import Row, Table, facts_of, limit
from workflows.records.drafts import Draft

__all__ = [
    "COVERAGE",
    "VERDICT",
    "VOTE",
    "Coverage",
    "CoverageFacts",
    "Verdict",
    "VerdictFacts",
    "Vote",
    "VoteFacts",
]


class Coverage(StrEnum):
    """Which sections are read."""

    ALL = "all"
    ENDS_FIRST = "ends_first"
    NONE = "none"


class CoverageFacts(Value):
    """What the choice depends on."""

    read: int
    """Sections that the budget covers, and that a run may read at most."""
    left_out: int


reach = facts_of(CoverageFacts)

COVERAGE = Table(
    name="coverage",
    version=1,
    facts=CoverageFacts,
    rows=(
        Row("not one section is within reach", Coverage.NONE, reach.read.is_(0)),
        Row("every section is within reach", Coverage.ALL, reach.left_out.is_(0)),
        Row("the first and the last tell most", Coverage.ENDS_FIRST),
    ),
)


class Vote(StrEnum):
    """Whose value of a doubtful field counts."""

    FIRST = "first"
    SECOND = "second"
    NEITHER = "neither"


class VoteFacts(Value):
    """What the choice depends on. Found is what stands in the document."""

    first_found: bool
    second_found: bool
    shared: bool
    """The second reading holds a value that the first holds, too."""
    first_adds_up: bool
    second_adds_up: bool
    """With its value, fewer sums are broken than with the other's."""

    @classmethod
    def of(cls, name: str, first: Draft, second: Draft) -> "VoteFacts":
        ours, theirs = first.found.get(name, ()), second.found.get(name, ())
        before = len(first.broken_sums)
        after = len(first.with_value(name, theirs[0]).broken_sums) if theirs else before
        return cls(
            first_found=bool(ours),
            second_found=bool(theirs),
            shared=bool(theirs) and theirs[0].says in {copy.says for copy in ours},
            first_adds_up=before < after,
            second_adds_up=after < before,
        )


votes = facts_of(VoteFacts)

VOTE = Table(
    name="vote",
    version=1,
    facts=VoteFacts,
    rows=(
        Row("the second reading found nothing", Vote.FIRST, ~votes.second_found),
        Row("only the second reading found it", Vote.SECOND, ~votes.first_found),
        Row("a sum comes out with the second value", Vote.SECOND, votes.second_adds_up),
        Row("a sum comes out with the first value", Vote.FIRST, votes.first_adds_up),
        Row("both readings hold it", Vote.SECOND, votes.shared),
        Row("two readings, two values", Vote.NEITHER),
    ),
)


class Verdict(StrEnum):
    """What becomes of the record."""

    WRITE = "write"
    ASK_AGAIN = "ask_again"
    REVIEW = "review"
    PARTIAL = "partial"
    HAND_OVER = "hand_over"


class VerdictFacts(Value):
    """What the choice depends on, in numbers of fields, sums, rows and pages."""

    found: int
    unread_pages: int
    doubtful: int
    """Fields that another reading might settle."""
    another_reading: bool
    """None was asked for yet, and the budget allows one."""
    missing: int
    conflicting: int
    broken_sums: int
    computed: int
    """Values that are only what the sums need."""
    unproven: int
    """Values that need not be stated, and were read and do not stand in it."""
    bad_rows: int
    other_dates: int
    """Dates of the document that are the value of no field."""
    hidden_text: bool

    @classmethod
    def of(
        cls, draft: Draft, *, unread_pages: int, another_reading: bool, hidden_text: bool
    ) -> "VerdictFacts":
        return cls(
            found=len(draft.found),
            unread_pages=unread_pages,
            doubtful=len(draft.doubtful),
            another_reading=another_reading,
            missing=len(draft.missing),
            conflicting=len(draft.conflicting),
            broken_sums=len(draft.broken_sums),
            computed=len(draft.computed),
            unproven=len(draft.unproven),
            bad_rows=len(draft.bad_rows),
            other_dates=len(draft.other_dates),
            hidden_text=hidden_text,
        )


drafted = facts_of(VerdictFacts)

VERDICT = Table(
    name="verdict",
    version=4,
    facts=VerdictFacts,
    rows=(
        Row("some of its pages are unread", Verdict.PARTIAL, drafted.unread_pages > 0),
        Row("nothing in it was found", Verdict.HAND_OVER, drafted.found.is_(0)),
        Row(
            "another reading may settle what is doubtful",
            Verdict.ASK_AGAIN,
            drafted.doubtful > 0,
            drafted.another_reading,
        ),
        Row("a required value is not in it", Verdict.REVIEW, drafted.missing > 0),
        Row("it may say several things", Verdict.REVIEW, drafted.conflicting > 0),
        Row("a sum does not come out", Verdict.REVIEW, drafted.broken_sums > 0),
        Row("a value is only what the sums need", Verdict.REVIEW, drafted.computed > 0),
        Row("a value was read that does not stand in it", Verdict.REVIEW, drafted.unproven > 0),
        Row("a row cannot be proven", Verdict.REVIEW, drafted.bad_rows > 0),
        Row(
            "it holds more dates than were asked for",
            Verdict.REVIEW,
            drafted.other_dates > limit("other_dates"),
        ),
        Row("it holds text that no reader sees", Verdict.REVIEW, drafted.hidden_text),
        Row("every value stands in it, and every sum comes out", Verdict.WRITE),
    ),
)

"""The demo's tickets: which of the samples, and in which order."""

from commands.failures import CommandError, Exit
from commands.sample_tickets import Sample, samples

__all__ = ["cast"]

# One of each path first: paid at once, paid after a person agreed, too late, refunded before, a fraud, and
# another language.
FIRST = (
    "01-broken-mugs.eml",
    "05-wrong-lamp.eml",
    "07-fan-after-ten-weeks.eml",
    "09-toaster-twice.eml",
    "15-someone-elses-order.eml",
    "03-sabana-equivocada.eml",
)


def cast(number: int) -> list[Sample]:
    """So many of the samples. Raises CommandError when there are not so many."""
    known = samples()
    labels = [*FIRST, *(label for label in known if label not in FIRST)]
    if not 1 <= number <= len(labels):
        raise CommandError(Exit.BAD_INPUT, f"--tickets {number}: there are 1 to {len(labels)}")
    return [known[label] for label in labels[:number]]

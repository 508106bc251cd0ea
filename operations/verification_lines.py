"""What a verification found, for a person."""

from collections.abc import Iterator

from operations.lines import Line
from operations.verification import Verification

__all__ = ["verification_lines"]


def verification_lines(verified: Verification) -> Iterator[Line]:
    """Whether trail, events and code agree, and where they do not."""
    if verified.holds:
        words = f"verified: {verified.events} events, {verified.links} trail links and the current code agree"
        yield 0, words, "bold green"
        return
    yield 0, f"not verified: {len(verified.findings)} disagreements", "bold red"
    for finding in verified.findings:
        yield 2, f"{finding.event}: {finding.what}", "red"
        if finding.source:
            yield 4, f"at {finding.source}".replace("at after", "after"), "dim"

"""The one error of the converter: what is wrong with a document, for a person and for a rule."""

__all__ = ["BROKEN", "REJECTED", "TOO_LARGE", "ConversionError"]

# As the application's faults are called; it knows them, the converter does not know it.
BROKEN = "broken_body"
"""Damaged, empty or cut short: no text can be read out of it."""
REJECTED = "rejected"
"""Encrypted, or of another kind than it is said to be."""
TOO_LARGE = "too_large"
"""Above one of the limits, also after decompression."""


class ConversionError(Exception):
    """A document that cannot be converted; trying again would not help."""

    def __init__(self, fault: str, reason: str) -> None:
        super().__init__(reason)
        self.fault = fault
        self.reason = reason

"""What one conversion may use, and how the converter is told."""

import json
from dataclasses import asdict, dataclass

__all__ = ["Limits"]


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Bounds of one document. The application checks what comes out against the same ones again."""

    input_bytes: int
    pages: int
    page_characters: int
    """Of what is seen on a page, and as much again of what is hidden on it: the rest of that is left out."""
    characters: int
    """Of all pages, seen and hidden."""
    memory_bytes: int
    """Of address space, code included: an empty converter has about 60 MB of it."""
    cpu_s: int

    def written(self) -> str:
        """For the converter's command line."""
        return json.dumps(asdict(self))

    @classmethod
    def read(cls, text: str) -> "Limits":
        """What `written` wrote."""
        return cls(**json.loads(text))

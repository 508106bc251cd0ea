"""Placeholders for what people wrote: of the same length, the same for the same words, and saying nothing."""

import hashlib
import json
import re
import secrets

__all__ = ["Placeholders"]

# By the bytes that a character takes in JSON: sizes decide holds, so they must stay what they are.
FILLERS = {1: "x", 2: "é", 3: "…", 4: "𝅘"}

# A shorter word also stands inside of others that nobody wrote.
SURELY_MEANT = 6


class Placeholders:
    """Of one bundle. The key is thrown away with it, so nobody can try words until one fits."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(16)
        self._for: dict[str, str] = {}
        self._taken: set[str] = set()

    def of(self, words: str) -> str:
        """A word, an address or a number keeps its shape; a text becomes a numbered stretch of its length."""
        if words not in self._for:
            self._for[words] = self._new(words)
            self._taken.add(self._for[words])
        return self._for[words]

    def within(self, words: str) -> str:
        """The words with everything replaced in them for which there is a placeholder, longest first."""
        for original in sorted(self._for, key=len, reverse=True):
            if len(original) >= SURELY_MEANT:
                words = words.replace(original, self._for[original])
            elif original:
                alone = rf"(?<![A-Za-z0-9]){re.escape(original)}(?![A-Za-z0-9])"
                words = re.sub(alone, lambda _, made=self._for[original]: made, words)  # type: ignore[misc]
        return words

    @property
    def originals(self) -> list[str]:
        """What was replaced."""
        return list(self._for)

    def _new(self, words: str) -> str:
        if not words:
            return words
        label = f"[text {len(self._for) + 1}] "
        costs = [cost(character) for character in words]
        if any(character.isspace() for character in words) and costs.count(1) > len(label):
            rest = sorted((each for each in costs), reverse=True)
            filled = "".join(FILLERS.get(each, FILLERS[3] * 2) for each in rest)
            return label + filled[: -len(label)]
        for turn in range(100):
            made = self._shaped(words, turn)
            if made not in self._taken and made != words:
                break
        return made

    def _shaped(self, words: str, turn: int) -> str:
        """Letters for letters of the same case, digits for digits; signs stay."""
        stream = hashlib.blake2b(f"{turn} {words}".encode(errors="surrogatepass"), key=self._key)
        digits = iter(int(stream.hexdigest(), 16).to_bytes(64, "big") * (len(words) // 64 + 1))
        made = []
        for character, number in zip(words, digits, strict=False):
            if character.isdigit() and character.isascii():
                made.append(str(number % 10))
            elif character.isalpha() and character.isascii():
                made.append(chr(ord("A" if character.isupper() else "a") + number % 26))
            else:
                made.append(character if character.isascii() else FILLERS.get(cost(character), character))
        return "".join(made)


def cost(character: str) -> int:
    """Bytes in JSON."""
    return len(json.dumps(character, ensure_ascii=False).encode(errors="surrogatepass")) - 2

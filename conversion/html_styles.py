"""What of an element's own style hides its text: marked so, in the colour behind it, tiny, off the screen.

Colours are inherited from element to element as far as attributes give them. What cannot be told from a
style, such as a colour that is computed, counts as hiding: then a person looks at the document.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from conversion.html_colours import PAPER, grey_of

__all__ = ["Looks", "hiding_rules", "looks_of"]

# Of 255, as for PDFs.
LEAST_CONTRAST = 16
# CSS pixels: 2 points.
LEAST_SIZE = 2.67
# A whole screen and more to the left is how text is moved off it; a few pixels are how it is aligned.
OFF_SCREEN = 100
FAR_OFF = 5_000
LEAST_OPACITY = 0.1

PIXELS = {"px": 1.0, "pt": 4 / 3, "pc": 16.0, "em": 16.0, "rem": 16.0, "ex": 8.0, "ch": 8.0, "vw": 10.0}
PIXELS |= {"in": 96.0, "cm": 37.8, "mm": 3.78, "q": 0.945, "vh": 8.0, "": 1.0}
# Possessive, and only from a number's beginning: in linear time, whatever stands there.
LENGTH = re.compile(
    r"(?<![\w.])([+-]?(?:\d++\.?+\d*+|\.\d++)(?:e[+-]?\d++)?)"
    r"(px|pt|pc|r?em|ex|ch|%|v[wh]|in|cm|mm|q)?(?![\w.%])"
)
COMMENT = re.compile(r"/\*.*?(?:\*/|$)", re.DOTALL)
BRACES = re.compile("[{}]")
PLACES = (
    *("left", "right", "top", "bottom", "inset", "inset-inline-start", "translate", "text-indent", "margin"),
    *("margin-left", "margin-right", "margin-top", "margin-bottom", "margin-inline-start"),
)
GROUNDS = ("background", "background-color")
COLOURS = ("color", "-webkit-text-fill-color")
OVERFLOW = ("overflow", "overflow-x", "overflow-y")
SIZES = ("height", "width", "max-height", "max-width")
HIDDEN_BY = {
    "display": re.compile("none"),
    "visibility": re.compile("hidden|collapse"),
    "content-visibility": re.compile("hidden"),
    "mso-hide": re.compile("all"),
    "clip": re.compile("rect"),
    "clip-path": re.compile(r"\("),
    "mask": re.compile(r"\("),
    "mask-image": re.compile(r"\("),
    "filter": re.compile("opacity|brightness|contrast|blur"),
    "transform": re.compile(r"scale|matrix|rotate[xy3]|-\d{3}|-100%|\d{4}"),
}


@dataclass(frozen=True)
class Looks:
    """Of the text in an element."""

    hidden: bool = False
    grey: float = 0
    """From black, 0, to white, 255."""
    behind: float = PAPER

    @property
    def unseen(self) -> bool:
        """Whether a person sees nothing of it."""
        return self.hidden or abs(self.grey - self.behind) < LEAST_CONTRAST


def looks_of(attributes: Mapping[str, str | None], around: Looks) -> Looks:
    """Of an element with these attributes, in one that looks like that."""
    colour = attributes.get("color") or attributes.get("text")
    if colour:
        around = coloured(around, "color", colour)
    if ground := attributes.get("bgcolor"):
        around = coloured(around, "background", ground)
    if "hidden" in attributes:
        around = replace(around, hidden=True)
    style = attributes.get("style")
    return styled(style, around) if style else around


def styled(style: str, around: Looks) -> Looks:
    declared = declarations(style)
    for name in GROUNDS:
        for value in declared.get(name, ()):
            around = coloured(around, name, value)
    choices = [coloured(around, name, value) for name in COLOURS for value in declared.get(name, ())]
    # What an escape or a variable stands for cannot be told, nor which of two values a browser takes.
    untold = (
        "\\" in style
        or "var(" in style.lower()
        or (len(choices) > 1 and any(choice.unseen for choice in choices))
    )
    looks = choices[-1] if choices else around
    return replace(looks, hidden=True) if untold or hides(declared) else looks


def coloured(looks: Looks, name: str, value: str) -> Looks:
    """With another colour of the text, or of what is behind it."""
    grey, cover = grey_of(value)
    if name.startswith("background"):
        return looks if grey is None or cover < 0.5 else replace(looks, behind=grey)
    if value.strip().lower() in ("inherit", "currentcolor", "unset", "revert"):
        return looks
    if value.strip().lower() == "initial":
        return replace(looks, grey=0)
    if grey is None or cover < LEAST_OPACITY:
        return replace(looks, hidden=True)
    return replace(looks, grey=grey)


def declarations(style: str) -> dict[str, list[str]]:
    """Each property and its values, in small letters: a browser takes the last one that it understands."""
    found: dict[str, list[str]] = {}
    for declaration in COMMENT.sub(" ", style).lower().split(";"):
        name, colon, value = declaration.partition(":")
        if colon:
            value = value.replace("!important", "").replace("! important", "").strip()
            found.setdefault(name.strip(), []).append(value)
    return found


def hides(declared: Mapping[str, list[str]]) -> bool:
    """Whether these hide text, colours aside."""
    for name in declared.keys() & HIDDEN_BY:
        if any(HIDDEN_BY[name].search(value) for value in declared[name]):
            return True
    if any(number < LEAST_OPACITY for number in plain_numbers(declared, "opacity", "zoom", "scale")):
        return True
    if any(size < LEAST_SIZE for size in lengths(declared, "font-size", "font")):
        return True
    if any(not -OFF_SCREEN < place < FAR_OFF for place in lengths(declared, *PLACES, whole=1_000.0)):
        return True
    # What does not fit is cut off, or runs out of its box where it can be seen.
    cut = any("hidden" in value or "clip" in value for name in OVERFLOW for value in declared.get(name, ()))
    sizes = SIZES if cut else ("max-height",)
    return any(size < LEAST_SIZE for size in lengths(declared, *sizes))


def lengths(declared: Mapping[str, list[str]], *names: str, whole: float = 16.0) -> list[float]:
    """Those of these properties, in CSS pixels; of a font only its size. `whole` is what 100 % are."""
    found: list[float] = []
    for name, value in values_of(declared, names):
        matches = list(LENGTH.finditer(value))
        if name == "font":
            # `bold 12px/1.5 Arial`, and weights of three digits before it.
            matches = [each for each in matches if each[2] or each[1] == "0"][:1]
        units = PIXELS | {"%": whole / 100}
        found += [float(each[1]) * units[each[2] or ""] for each in matches]
    return found


def plain_numbers(declared: Mapping[str, list[str]], *names: str) -> list[float]:
    """Those of these properties; percentages as parts of one."""
    matches = (LENGTH.match(value) for _, value in values_of(declared, names))
    return [float(each[1]) / (100 if each[2] == "%" else 1) for each in matches if each]


def values_of(declared: Mapping[str, list[str]], names: Iterable[str]) -> Iterator[tuple[str, str]]:
    for name in names:
        for value in declared.get(name, ()):
            yield name, value


def hiding_rules(sheet: str) -> list[str]:
    """The blocks of a style sheet that would hide text; where they apply is not looked at."""
    if "@import" in sheet.lower():
        return [sheet.strip()]
    blocks = (block.strip() for block in BRACES.split(COMMENT.sub(" ", sheet)))
    return [block for block in blocks if ":" in block and styled(block, Looks()).unseen]

"""How light a colour of CSS is."""

import re

__all__ = ["PAPER", "grey_of"]

PAPER = 255.0
HEXADECIMAL = re.compile(r"#?([0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})")
FUNCTION = re.compile(r"rgba?\(([^()]*)\)")
# Named colours: those that are hardly told from white, those that are nearly black, and every other one.
LIGHT = re.compile(
    "white|snow|ivory|ghostwhite|floralwhite|mintcream|azure|honeydew|whitesmoke|aliceblue|seashell|lightcyan"
    "|lightyellow|cornsilk|oldlace|linen|lavenderblush|beige|lightgoldenrodyellow|lemonchiffon|papayawhip"
    "|canvas|buttonface|field"
)
DARK = re.compile(
    "black|navy|darkblue|mediumblue|blue|midnightblue|darkslategr[ae]y|indigo|maroon|darkred|purple|darkgreen"
    "|green|darkolivegreen|saddlebrown|brown|firebrick|darkmagenta|rebeccapurple|darkslateblue|dimgr[ae]y"
    "|teal|darkcyan|canvastext|buttontext"
)
OTHER = re.compile(
    "aqua|aquamarine|antiquewhite|bisque|blanchedalmond|blueviolet|burlywood|cadetblue|chartreuse|chocolate|coral"
    "|cornflowerblue|crimson|cyan|dark(?:goldenrod|gr[ae]y|khaki|orange|orchid|salmon|seagreen|turquoise|violet)"
    "|deeppink|deepskyblue|dodgerblue|forestgreen|fuchsia|gainsboro|gold|goldenrod|gr[ae]y|greenyellow|hotpink"
    "|indianred|khaki|lavender|lawngreen|light(?:blue|coral|gr[ae]y|green|pink|salmon|seagreen|skyblue|steelblue"
    "|slategr[ae]y)|lime|limegreen|magenta|medium(?:aquamarine|orchid|purple|seagreen|slateblue|springgreen"
    "|turquoise|violetred)|mistyrose|moccasin|navajowhite|olive|olivedrab|orange|orangered|orchid|pale(?:goldenrod"
    "|green|turquoise|violetred)|peachpuff|peru|pink|plum|powderblue|red|rosybrown|royalblue|salmon|sandybrown"
    "|seagreen|sienna|silver|skyblue|slateblue|slategr[ae]y|springgreen|steelblue|tan|thistle|tomato|turquoise"
    "|violet|wheat|yellow|yellowgreen|linktext|graytext"
)
MIDDLE = 128.0


def grey_of(value: str) -> tuple[float | None, float]:
    """From black, 0, to white, 255, None for what cannot be told; and how much it covers, up to 1."""
    value = value.strip().lower()
    if found := HEXADECIMAL.fullmatch(value):
        return of_digits(found[1])
    if found := FUNCTION.search(value):
        return of_numbers(found[1])
    if value == "transparent":
        return PAPER, 0
    words = value.split()
    # A background may say more than its colour.
    for word in words:
        if len(words) > 1 and word.startswith("#") and (found := HEXADECIMAL.fullmatch(word)):
            return of_digits(found[1])
        if LIGHT.fullmatch(word):
            return 250, 1
        if DARK.fullmatch(word):
            return 0, 1
        if OTHER.fullmatch(word):
            return MIDDLE, 1
    return None, 0


def of_digits(digits: str) -> tuple[float, float]:
    if len(digits) < 6:
        digits = "".join(digit * 2 for digit in digits)
    red, green, blue, *cover = bytes.fromhex(digits)
    return mixed(red, green, blue), cover[0] / 255 if cover else 1


def of_numbers(numbers: str) -> tuple[float | None, float]:
    """`1, 2, 3, 0.5` and `1 2 3 / 50%`."""
    parts = [part for part in re.split(r"[\s,/]+", numbers) if part]
    try:
        values = [
            float(part.rstrip("%")) / 100 * (255 if place < 3 else 1) if part.endswith("%") else float(part)
            for place, part in enumerate(parts)
        ]
        red, green, blue, *cover = values
    except ValueError:
        return None, 0
    return mixed(red, green, blue), cover[0] if cover else 1


def mixed(red: float, green: float, blue: float) -> float:
    return 0.30 * red + 0.59 * green + 0.11 * blue

"""What a product may be by the words of its title and category. A hint only: people say what a product is."""

import re
from collections.abc import Iterable, Mapping, Sequence

_LATIN = re.compile(r"[^\W\d_]", re.UNICODE)


def pattern(words: Iterable[str], *, start: str = r"\b", end: str = r"\b") -> str:
    """One regular expression for all of a trait's words; "" without any.

    Latin words stand alone unless they end in "*" (then they may go on); words of other scripts stand anywhere.
    `start` and `end` are the bounds of a word in whose language it will be read: PostgreSQL says \\m and \\M.
    """
    return "|".join(_one(word, start, end) for word in words if word.strip("* "))


def _one(word: str, start: str, end: str) -> str:
    plain = re.escape(word.strip().rstrip("*").lower())
    if not _bounded(word):
        return plain
    return f"{start}{plain}{'' if word.strip().endswith('*') else end}"


def _bounded(word: str) -> bool:
    """Is it of a script that parts its words? Chinese and Japanese do not."""
    letters = _LATIN.findall(word)
    return all(ord(letter) < 0x2E80 for letter in letters)


def hints(text: str, words: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """{trait: the word that hints at it} in a title and category."""
    lowered, found = text.lower(), {}
    for trait, each in words.items():
        expression = pattern(each)
        match = re.search(expression, lowered) if expression else None
        if match:
            found[trait] = match[0]
    return found

"""How well two colours can be told apart, as WCAG 2.2 measures it, and the nearest shade that can be read."""

READABLE = 4.5  # text on its ground, WCAG 2.2, 1.4.3
STEPS = 200
WHITE = "#ffffff"


def luminance(colour: str) -> float:
    """Relative luminance of #rrggbb: 0 is black, 1 is white."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """From 1 (the same) to 21 (black and white)."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def nearest_readable(colour: str) -> str:
    """The same hue, as little darker as white text on it needs."""
    parts = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    for step in range(STEPS, -1, -1):
        shade = "#" + "".join(f"{part * step // STEPS:02x}" for part in parts)
        if contrast(shade, WHITE) >= READABLE:
            return shade
    return "#000000"

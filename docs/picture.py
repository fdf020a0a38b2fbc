"""An SVG picture while it is drawn."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape

INK, SOFT, LINE = "#1f2933", "#52606d", "#9aa5b1"
MONO = "DejaVu Sans Mono, Menlo, Consolas, monospace"
SANS = "DejaVu Sans, Helvetica, Arial, sans-serif"


@dataclass
class Picture:
    """An SVG picture while it is drawn; lengths are in pixels, y grows downwards."""

    width: int
    height: int
    title: str
    parts: list[str] = field(default_factory=list)

    def box(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        fill: str,
        stroke: str = "none",
        radius: float = 0,
    ) -> None:
        """A rectangle."""
        self.parts.append(
            f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="{radius:g}"'
            f' fill="{fill}" stroke="{stroke}"/>'
        )

    def text(
        self,
        x: float,
        y: float,
        text: str,
        size: float = 13,
        fill: str = INK,
        anchor: str = "start",
        mono: bool = False,
        bold: bool = False,
    ) -> None:
        """A line of text; y is its base line."""
        weight = ' font-weight="bold"' if bold else ""
        self.parts.append(
            f'<text x="{x:g}" y="{y:g}" font-family="{MONO if mono else SANS}" font-size="{size:g}"'
            f' fill="{fill}" text-anchor="{anchor}"{weight} xml:space="preserve">'
            f"{escape(text)}</text>"
        )

    def line(self, points: list[tuple[float, float]], stroke: str = LINE, width: float = 1) -> None:
        """A line through points."""
        path = " ".join(f"{x:g},{y:g}" for x, y in points)
        self.parts.append(
            f'<polyline points="{path}" fill="none" stroke="{stroke}" stroke-width="{width:g}"/>'
        )

    def arrow(self, points: list[tuple[float, float]], stroke: str = SOFT) -> None:
        """A line that ends in an arrow head; its last part is horizontal or vertical."""
        self.line(points, stroke, 1.5)
        (x0, y0), (x, y) = points[-2:]
        dx, dy = (x > x0) - (x < x0), (y > y0) - (y < y0)
        left = (x - 8 * dx - 4 * dy, y - 8 * dy - 4 * dx)
        right = (x - 8 * dx + 4 * dy, y - 8 * dy + 4 * dx)
        tip = " ".join(f"{a:g},{b:g}" for a, b in (left, (x, y), right))
        self.parts.append(f'<polygon points="{tip}" fill="{stroke}"/>')

    def svg(self) -> str:
        """The file."""
        return "\n".join(
            [
                f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {self.height}"'
                f' width="{self.width}" height="{self.height}" role="img">',
                f"<title>{escape(self.title)}</title>",
                f'<rect width="{self.width}" height="{self.height}" fill="#ffffff"/>',
                *self.parts,
                "</svg>",
                "",
            ]
        )

"""The demo's papers: plainly made up, small PDFs drawn here, some of them missing, expiring or waiting for review."""

import tempfile
import zlib
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

from apps.accounts.models import Member, Store
from apps.health.actions import needs, papers
from apps.health.actions.papers import Content, Handed, Turn
from apps.health.models import CategoryTraits, Paper, PaperRequest
from apps.health.queries.papers import kinds
from apps.health.queries.traits import traits

# A family of SKUs (four letters of the code): its category, and what such a product is. Nothing is said of the last.
FAMILIES: dict[str, tuple[str, set[str] | None]] = {
    "PEND": ("Lighting", {"electric", "mains"}), "TABL": ("Lighting", {"electric", "mains"}),
    "STRI": ("Lighting", {"electric", "mains"}), "DESK": ("Lighting", {"electric", "mains"}),
    "LANT": ("Solar lights", {"electric", "battery"}), "NIGH": ("Night lights", {"electric", "battery"}),
    "CAND": ("Decoration", set()), "MIRR": ("Decoration", set()), "THRO": ("Home textiles", {"textile"}),
    "WALL": ("Furniture", {"furniture"}), "CHAR": ("Chargers", {"electric", "denan", "pse-specified", "mains"}),
    "CABL": ("Cables", {"electric"}), "POWE": ("Power banks", {"electric", "battery", "denan"}),
    "EARB": ("Audio", {"electric", "battery", "radio"}), "SMAR": ("Smart home", {"electric", "radio", "denan", "mains"}),
    "WEBC": ("Computer accessories", {"electric"}), "KEYB": ("Computer accessories", {"electric"}),
    "BUIL": ("Toys", {"toy", "child"}), "BATH": ("Toys", {"toy", "child"}), "PUZZ": ("Toys", {"toy", "child"}),
    "PLAY": ("Toys", {"toy", "child"}), "STAC": ("Toys", {"toy", "child"}), "MUSI": ("Toys", {"toy", "child"}),
    "KETT": ("Kettles", {"electric", "denan", "mains", "food-contact"}), "KNIF": ("Kitchenware", {"food-contact"}),
    "BENT": ("Kitchenware", {"food-contact"}), "TEAP": ("Kitchenware", {"food-contact"}),
    "CUTT": ("Kitchenware", {"food-contact"}), "WATE": ("Kitchenware", {"food-contact"}),
    "RICE": ("Kitchenware", {"food-contact"}), "MAND": ("Kitchenware", {"food-contact"}), "BALA": ("Balance bikes", None),
}  # fmt: skip


@dataclass(frozen=True)
class Made:
    """A paper of the demo: for which categories (none: all of the store), how long it still holds, and its state."""

    kind: str
    number: str = ""
    categories: tuple[str, ...] = ()
    days: int | None = None
    state: str = Paper.State.ACCEPTED
    person: str = ""
    parts: tuple[str, ...] = field(default=("document",))


CE, PSE = ("declaration",), ("notification", "label", "inspection")
PAPERS: dict[str, tuple[Made, ...]] = {
    "EU": (
        Made("lucid", "DE0000000000017"),
        Made("weee-de", "DE00000017"),
        Made("fr-packaging", "FR000017_01DEMO"),
        Made("es-packaging", "DEMO-RPP-17"),
        Made("ce", "DoC-DEMO-1", ("lighting", "computer accessories", "toys"), 700, parts=CE),
        Made("ce", "DoC-DEMO-2", ("chargers", "cables"), 25, parts=CE),
        Made("ce", "DoC-DEMO-3", ("audio",), -12, parts=CE),
        Made("ce", "DoC-DEMO-4", ("smart home",), 800, Paper.State.REVIEW, parts=CE),
        Made(
            "gpsr", categories=("lighting", "toys", "chargers"), person="Demo Responsible GmbH, Musterstraße 1, Berlin"
        ),
    ),
    "FE": (Made("pse-other", "PSE-DEMO-1", ("kettles",), 20, parts=PSE),),
}


def category_of(sku: str) -> str | None:
    """A SKU's category by the family in its code: "VNX-CHAR-01A" is a charger."""
    found = next((FAMILIES[word[:4]] for word in sku.replace("/", "-").split("-") if word[:4] in FAMILIES), None)
    return found[0] if found else None


def say_what_products_are(at: datetime) -> None:
    """What the demo's agency knows of its categories."""
    known = traits()
    said = {category.lower(): yes for category, yes in FAMILIES.values() if yes is not None}
    CategoryTraits.objects.bulk_create(
        [
            CategoryTraits(category=name, traits={trait: trait in yes for trait in known}, updated_at=at)
            for name, yes in said.items()
        ],
        ignore_conflicts=True,
    )


def hand_in(store: Store, by: Member, at: datetime) -> int:
    """The store's papers, and one thing the client is asked for; how many papers. A second time nothing."""
    if Paper.objects.filter(store=store).exists():
        return 0
    made = PAPERS.get(store.region, ())
    with tempfile.TemporaryDirectory(prefix="demo-papers-") as folder:
        for each in made:
            _hand_in(store, each, Path(folder), Turn(by, at))
    if store.region == "EU" and not PaperRequest.objects.filter(store=store).exists():
        turn = Turn(by, at, "请上传 GPSR 责任人信息 / Please send the responsible person of all other products.")
        needs.ask_client(store, "gpsr", turn, due=(at + timedelta(days=14)).date())
    return len(made)


def _hand_in(store: Store, made: Made, folder: Path, turn: Turn) -> None:
    today = turn.at.date()
    until = None if made.days is None else today + timedelta(days=made.days)
    content = Content(
        kind=made.kind,
        number=made.number,
        issuer="Demo Testing Lab",
        person=made.person,
        scope=Paper.Scope.CATEGORY if made.categories else Paper.Scope.ALL,
        reach=made.categories,
        valid_from=today - timedelta(days=400),
        valid_to=until,
    )
    handed = [Handed(part, _drawn(folder, made, part, until), f"{made.kind}-{part}.pdf") for part in made.parts]
    paper = papers.create(store, content, handed, turn, owner=store.owner, send=True)
    if made.state == Paper.State.ACCEPTED:
        papers.accept(paper, turn)


def _drawn(folder: Path, made: Made, part: str, until: date | None) -> Path:
    """A one-page PDF that says it is a specimen."""
    kind = kinds()[made.kind]
    lines = ["SPECIMEN - fictional document of a demonstration", kind.name_en, part, f"Number: {made.number}"]
    lines += [f"Products: {', '.join(made.categories) or 'all'}"] + ([f"Valid until: {until}"] if until else [])
    path = folder / f"{made.kind}-{made.number.replace('/', '-')}-{part}.pdf"
    path.write_bytes(pdf(lines))
    return path


def pdf(lines: list[str]) -> bytes:
    """A whole PDF of one page with these lines in Helvetica (Latin letters only)."""
    shown = b" T* ".join(b"(" + _escaped(line) + b") Tj" for line in lines)
    stream = zlib.compress(b"BT /F1 14 Tf 20 TL 60 760 Td " + shown + b" ET")
    bodies = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Filter /FlateDecode /Length %d >>\nstream\n" % len(stream) + stream + b"\nendstream",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    out, places = b"%PDF-1.4\n", []
    for number, body in enumerate(bodies, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n" % number + body + b"\nendobj\n"
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(bodies) + 1)
    tail = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(bodies) + 1, len(out))
    return out + head + table + tail


def _escaped(line: str) -> bytes:
    plain = line.encode("cp1252", "replace")
    for sign in (b"\\", b"(", b")"):
        plain = plain.replace(sign, b"\\" + sign)
    return plain

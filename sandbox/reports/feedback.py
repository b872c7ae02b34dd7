"""Seller feedback: negative and neutral feedback (one to three stars), as Amazon's report has it, of one marketplace.

Date, Rating, Comments, Response, Order ID, Rater Email, in the site's words and with the site's way to write a
date. Amazon publishes the header cells for English only; the others follow what Seller Central calls the columns there.
Feedback that was removed is not in the file any more. The window is that of the feedback's date (default: 30 days).
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from sandbox.reports.text import File, NoData, tabs, thinned
from sandbox.world import view
from sandbox.world.hashing import uniform
from sandbox.world.marketplaces import BY_CODE, INDEX
from sandbox.world.orders import DAY
from sandbox.world.outcomes import FEEDBACK, SITES

if TYPE_CHECKING:
    from sandbox.reports.book import Report
    from sandbox.service import Sandbox
    from sandbox.world.partners import Authorisation
    from sandbox.world.world import World

VOICES = json.loads((Path(__file__).parents[1] / "world/voices.json").read_text(encoding="utf-8"))
DEFAULT_DAYS, ANSWERED = 30, 0.3
ENGLISH = ("Date", "Rating", "Comments", "Response", "Order ID", "Rater Email")
HEADERS = {
    "de": ("Datum", "Bewertung", "Kommentare", "Ihre Antwort", "Bestellnummer", "E-Mail-Adresse des Bewerters"),
    "fr": ("Date", "Évaluation", "Commentaires", "Votre réponse", "Numéro de commande", "E-mail de l'évaluateur"),
    "it": ("Data", "Valutazione", "Commenti", "La tua risposta", "Numero dell'ordine", "E-mail del valutatore"),
    "es": ("Fecha", "Valoración", "Comentarios", "Tu respuesta", "Número de pedido", "E-mail del valorador"),
    "ja": ("日付", "評価", "コメント", "返答", "注文番号", "評価者のEメール"),
}
DATES = {"US": "%-m/%-d/%y", "DE": "%d.%m.%y", "PL": "%d.%m.%y", "SE": "%Y-%m-%d", "NL": "%d-%m-%y", "JP": "%Y/%m/%d"}
USUAL_DATE = "%d/%m/%y"


def make(sandbox: "Sandbox", report: "Report", now: int) -> File:
    """The first marketplace asked for."""
    code = report.codes[0]
    end = now if report.window[1] is None else min(report.window[1], now)
    start = end - DEFAULT_DAYS * DAY if report.window[0] is None else report.window[0]
    table = entries(sandbox.world, report.auth, code, now)
    table = table.filter((pl.col("moment") >= start) & (pl.col("moment") <= end) & (pl.col("rating") <= 3))
    vanished = sandbox.faults.strike(("vanished_rows",), report.type, report.account)
    table = thinned(table, vanished.rate if vanished else None, int(report.id[-8:]))
    if not table.height:
        raise NoData
    place = BY_CODE[code]
    date = pl.from_epoch("moment").dt.replace_time_zone("UTC").dt.convert_time_zone(place.zone)
    cells = (
        date.dt.strftime(DATES.get(code, USUAL_DATE)),
        pl.col("rating").cast(pl.String),
        pl.col("comment"),
        pl.col("response"),
        pl.col("order_id"),
        pl.col("order_id").str.replace_all("-", "") + "@marketplace.example",
    )
    header = HEADERS.get(place.language[:2], ENGLISH)
    return tabs(table.select(cell.alias(name) for name, cell in zip(header, cells, strict=True)), [code])


def entries(world: "World", auth: "Authorisation", code: str, now: int) -> pl.DataFrame:
    """All feedback of a marketplace that stands now, newest first: order_id, moment, rating, comment, response."""
    with world.lock:
        what, rows = world.health()[0], world.table()
        _told, removed = what.defects[FEEDBACK]
        here = (what.site == auth.index * SITES + INDEX[code]) & (what.rated <= now) & (removed > now)
        index = np.flatnonzero(here)
        index = index[np.lexsort((what.number[index], -what.rated[index]))]
        ids = view.order_ids(rows, what.line[index], what.site[index] % SITES)
    language = BY_CODE[code].language[:2]
    rating, moment = what.rating[index], what.rated[index]
    u = [uniform(world.seed, 6800 + n, what.number[index]) for n in range(3)]
    answered = (u[1] < ANSWERED) & (rating <= 3) & (moment + 2 * DAY <= now)
    return pl.DataFrame(
        {
            "order_id": ids,
            "moment": moment,
            "rating": rating,
            "comment": [_said(language, int(r), float(x)) for r, x in zip(rating, u[0], strict=True)],
            "response": [VOICES["response"][language] if a else "" for a in answered],
        },
        schema_overrides={"comment": pl.String, "response": pl.String},
    )


def received(world: "World", auth: "Authorisation", code: str, now: int) -> pl.DataFrame:
    """Feedback by the local day on which it was left, removed or not: date, feedback, negative."""
    with world.lock:
        what = world.health()[0]
        here = (what.site == auth.index * SITES + INDEX[code]) & (what.rated <= now)
        moment, rating = what.rated[here], what.rating[here]
    local = pl.from_epoch("moment").dt.replace_time_zone("UTC").dt.convert_time_zone(BY_CODE[code].zone).dt.date()
    return (
        pl.DataFrame({"moment": moment, "rating": rating})
        .group_by(local.alias("date"))
        .agg(pl.len().alias("feedback"), (pl.col("rating") <= 2).sum().alias("negative"))
    )


def _said(language: str, rating: int, u: float) -> str:
    said = VOICES.get(str(rating), {}).get(language, [""])
    return said[int(u * len(said))]

"""Masters: what an ERP or a file says about products."""

from psycopg.sql import SQL, Composable, Identifier, Literal

from apps.core import copying
from apps.core.copying import Merged, Stage
from apps.core.tenancy import acting_agency
from apps.sync.loading import Intake

MASTER = ("title", "asin", "brand", "supplier", "category", "carton_units", "moq")
_COUNTS = ("carton_units", "moq")


def load_masters(stage: Stage, intake: Intake) -> Merged:
    """Write staged product masters; columns: sku and MASTER, null where nothing is said. `edited` remembers for each
    column when it was said, so that of two documents the later one is right, column by column."""
    copying.lock(intake.store_id, "listings_product")
    values = {"agency": acting_agency(), "store": intake.store_id, "at": intake.as_of, "said": intake.as_of.isoformat()}
    news = f"{stage.table}_news"
    copying.temporary(news, _master_news(stage), values=values)
    new, changed, again = copying.read(
        "SELECT count(*) FILTER (WHERE fresh), count(*) FILTER (WHERE differs), count(*) FILTER (WHERE NOT fresh)"
        " FROM {news}",
        news=news,
    )[0]
    if new:
        copying.run(_MASTER_INSERT, values=values, news=news, **_master_columns())
    if again:
        taken = SQL(", ").join(SQL("{c} = CASE WHEN n.{t} THEN {v} ELSE p.{c} END").format(**_named(c)) for c in MASTER)
        copying.run(_MASTER_UPDATE, values=values, news=news, taken=taken)
    return Merged(new, changed, news)


_MASTER_INSERT = """
    INSERT INTO listings_product (agency_id, store_id, sku, {masters}, fnsku, image_url, active, edited, updated_at)
    SELECT %(agency)s, %(store)s, sku, {plain}, '', '', true, said, now() FROM {news} WHERE fresh"""
_MASTER_UPDATE = """
    UPDATE listings_product p SET {taken}, edited = p.edited || n.said,
        updated_at = CASE WHEN n.differs THEN now() ELSE p.updated_at END
    FROM {news} n WHERE NOT n.fresh AND p.agency_id = %(agency)s AND p.store_id = %(store)s AND p.sku = n.sku"""


def _named(column: str) -> dict[str, Composable]:
    value = SQL("n.{}").format(Identifier(column))
    return {
        "c": Identifier(column),
        "t": Identifier(f"takes_{column}"),
        "k": Literal(column),
        "v": value if column in _COUNTS else SQL("coalesce({}, '')").format(value),
    }


def _master_columns() -> dict[str, Composable]:
    plain = [Identifier(c) if c in _COUNTS else SQL("coalesce({}, '')").format(Identifier(c)) for c in MASTER]
    return {"masters": copying.columns(MASTER), "plain": SQL(", ").join(plain)}


def _master_news(stage: Stage) -> Composable:
    """New masters, and those with a column to take: it is given, and nobody has said another value later."""
    takes = "(s.{c} IS NOT NULL AND coalesce((p.edited->>{k})::timestamptz <= %(at)s, true))"
    each = [_named(column) for column in MASTER]
    said = SQL(", ").join(SQL("{k}, CASE WHEN {t} THEN %(said)s::text END").format(**names) for names in each)
    return SQL(
        "ON COMMIT DROP AS SELECT w.*, NOT fresh AND ({differs}) AS differs,"
        " jsonb_strip_nulls(jsonb_build_object({said})) AS said FROM (SELECT s.*, p.sku IS NULL AS fresh, {old}, {takes}"
        " FROM {stage} s LEFT JOIN listings_product p"
        " ON p.agency_id = %(agency)s AND p.store_id = %(store)s AND p.sku = s.sku) w"
        " WHERE fresh OR ({differs}) OR ({later})"
    ).format(
        stage=Identifier(stage.table),
        said=said,
        takes=SQL(", ").join(SQL(takes + " AS {t}").format(**names) for names in each),
        old=SQL(", ").join(
            SQL("p.{} AS {}, (p.edited->>{})::timestamptz AS {}").format(
                Identifier(c), Identifier(f"old_{c}"), Literal(c), Identifier(f"said_{c}")
            )
            for c in MASTER
        ),
        differs=SQL(" OR ").join(
            SQL("({} AND {} IS DISTINCT FROM {})").format(
                Identifier(f"takes_{c}"), Identifier(c), Identifier(f"old_{c}")
            )
            for c in MASTER
        ),
        later=SQL(" OR ").join(
            SQL("({} AND coalesce({} < %(at)s, true))").format(Identifier(f"takes_{c}"), Identifier(f"said_{c}"))
            for c in MASTER
        ),
    )

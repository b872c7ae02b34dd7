"""Merchant listings, one file per marketplace, with the header words of the seller's language."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from sandbox.reports.text import File, amount, tabs
from sandbox.world import view
from sandbox.world.marketplaces import BY_CODE, Marketplace
from sandbox.world.orders import DAY

if TYPE_CHECKING:
    from sandbox.reports.book import Report
    from sandbox.service import Sandbox

HEADER = (
    "item-name",
    "item-description",
    "listing-id",
    "seller-sku",
    "price",
    "quantity",
    "open-date",
    "image-url",
    "item-is-marketplace",
    "product-id-type",
    "zshop-shipping-fee",
    "item-note",
    "item-condition",
    "zshop-category1",
    "zshop-browse-path",
    "zshop-storefront-feature",
    "asin1",
    "asin2",
    "asin3",
    "will-ship-internationally",
    "expedited-shipping",
    "zshop-boldface",
    "product-id",
    "bid-for-featured-placement",
    "add-delete",
    "pending-quantity",
    "fulfillment-channel",
    "merchant-shipping-group",
    "status",
)
WORDS = {
    "de": {
        "item-name": "Artikelbezeichnung",
        "item-description": "Artikelbeschreibung",
        "listing-id": "Angebotsnummer",
        "seller-sku": "Händler-SKU",
        "price": "Preis",
        "quantity": "Menge",
        "open-date": "Erstellungsdatum",
        "image-url": "Bild-URL",
        "item-condition": "Artikelzustand",
        "asin1": "ASIN 1",
        "product-id": "Produkt-ID",
        "fulfillment-channel": "Versandart",
        "status": "Status",
    },
    "fr": {
        "item-name": "nom-produit",
        "item-description": "description-article",
        "seller-sku": "sku-vendeur",
        "price": "prix",
        "quantity": "quantité",
        "open-date": "date-ouverture",
        "item-condition": "etat-produit",
        "fulfillment-channel": "canal-expedition",
        "status": "statut",
    },
    "it": {
        "item-name": "nome-articolo",
        "item-description": "descrizione-articolo",
        "seller-sku": "sku-venditore",
        "price": "prezzo",
        "quantity": "quantità",
        "open-date": "data-apertura",
        "item-condition": "condizione",
        "fulfillment-channel": "canale-gestione",
        "status": "stato",
    },
    "es": {
        "item-name": "nombre-producto",
        "item-description": "descripción-producto",
        "seller-sku": "sku-vendedor",
        "price": "precio",
        "quantity": "cantidad",
        "open-date": "fecha-apertura",
        "item-condition": "condicion",
        "fulfillment-channel": "canal-gestion",
        "status": "estado",
    },
    "ja": {
        "item-name": "商品名",
        "listing-id": "出品ID",
        "seller-sku": "出品者SKU",
        "price": "価格",
        "quantity": "数量",
        "open-date": "出品日",
        "image-url": "画像URL",
        "product-id-type": "商品IDタイプ",
        "item-note": "コンディション説明",
        "item-condition": "コンディション",
        "will-ship-internationally": "国外へ配送可",
        "expedited-shipping": "迅速な配送",
        "product-id": "商品ID",
        "pending-quantity": "在庫数",
        "fulfillment-channel": "フルフィルメント・チャンネル",
        "status": "ステータス",
    },
}
JAPANESE = (
    "item-name",
    "listing-id",
    "seller-sku",
    "price",
    "quantity",
    "open-date",
    "product-id-type",
    "item-note",
    "item-condition",
    "will-ship-internationally",
    "expedited-shipping",
    "product-id",
    "pending-quantity",
    "fulfillment-channel",
    "merchant-shipping-group",
    "status",
)
STATES = {
    "de": ("Aktiv", "Inaktiv"),
    "fr": ("Actif", "Inactif"),
    "it": ("Attivo", "Inattivo"),
    "es": ("Activo", "Inactivo"),
    "ja": ("出品中", "停止中"),
    "en": ("Active", "Inactive"),
}
AREAS = {"NA": "AMAZON_NA", "EU": "AMAZON_EU", "FE": "AMAZON_JP"}


def make(sandbox: "Sandbox", report: "Report", now: int) -> File:
    """The listings of the first marketplace asked for, as Amazon does."""
    place = BY_CODE[report.codes[0]]
    wanted = report.options.get("preferredReportDocumentLocale", place.language)[:2]
    language = wanted if wanted in STATES else "en"
    table = _table(sandbox, report, now, place, language)
    names = JAPANESE if language == "ja" else HEADER
    words = WORDS.get(language, {})
    return tabs(table.select(pl.col(n).alias(words.get(n, n)) for n in names), [place.code])


def _table(sandbox: "Sandbox", report: "Report", now: int, place: Marketplace, language: str) -> pl.DataFrame:
    world = sandbox.world
    catalog = world.catalog
    with world.lock:
        listing = view.listed(world, now, report.auth, place.code)
        shelf = np.maximum(world.available(now), 0)[catalog.listing_pool[listing]]
        price = world.price[listing]
    merchant = catalog.listing_merchant[listing]
    states = STATES[language]
    known = {
        "item-name": view.picked(catalog.listing_title, listing),
        "listing-id": view.picked(catalog.listing_id, listing),
        "seller-sku": view.picked([s.code for s in catalog.skus], catalog.listing_sku[listing]),
        "minor": price,
        "decimals": np.full(len(listing), place.decimals),
        "shelf": shelf,
        "merchant": merchant,
        "asin1": view.picked([s.asin for s in catalog.skus], catalog.listing_sku[listing]),
        "open-date": opened(world.start, catalog.listing_launch[listing], place),
        "status": view.picked([states[1], states[0]], catalog.listing_active[listing].astype(np.int64)),
    }
    made = {"price", "product-id", "quantity", "fulfillment-channel"}
    fixed = {n: pl.lit("") for n in HEADER if n not in known and n not in made}
    fixed |= {"item-is-marketplace": pl.lit("y"), "product-id-type": pl.lit("1"), "item-condition": pl.lit("11")}
    own = pl.col("merchant")
    return pl.DataFrame(known).with_columns(
        *(cell.alias(name) for name, cell in fixed.items()),
        amount("minor").alias("price"),
        pl.col("asin1").alias("product-id"),
        pl.when(own).then(pl.col("shelf").cast(pl.String)).otherwise(pl.lit("")).alias("quantity"),
        pl.when(own).then(pl.lit("DEFAULT")).otherwise(pl.lit(AREAS[place.region])).alias("fulfillment-channel"),
    )


def opened(start: int, launch: np.ndarray, place: Marketplace) -> list[str]:
    """Opening dates as the marketplace writes them, with its own zone abbreviation."""
    zone = ZoneInfo(place.zone)
    forms = {"NA": "%Y-%m-%d %H:%M:%S", "EU": "%d/%m/%Y %H:%M:%S", "FE": "%Y/%m/%d %H:%M:%S"}
    texts = []
    for number, days in enumerate(launch.tolist()):
        age = 20 + (number * 37) % 500 if days == 0 else 3
        moment = datetime.fromtimestamp((start + days - age) * DAY + 40_000 + number * 61 % 30_000, UTC).astimezone(
            zone
        )
        texts.append(f"{moment.strftime(forms[place.region])} {place.clock[1 if moment.dst() else 0]}")
    return texts

"""Small documents of every kind, read as the product reads them."""

import gzip
import zipfile
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter

from apps.sync import rows
from apps.sync.reading import kinds, reports
from apps.sync.reading.table import TextTable, open_table
from apps.sync.reading.text import encoding_of
from apps.sync.reading.unpack import Bounds, gunzip, unpack
from apps.sync.source import Document, Market, Unreadable
from apps.sync.sources.files import inspect, parse

HERE = Path(__file__).parent.parent / "documents"
AS_OF = datetime(2026, 3, 2, 3, tzinfo=UTC)
US = Market("US", "ATVPDKIKX0DER", "America/Los_Angeles", "USD", "en")
CA = Market("CA", "A2EUQ1WTGCTBG2", "America/Los_Angeles", "CAD", "en")
DE = Market("DE", "A1PA6795UKMFR9", "Europe/Berlin", "EUR", "de")
JP = Market("JP", "A1VC38T7YXB528", "Asia/Tokyo", "JPY", "ja")


def read(dataset: str, path: Path, *markets: Market) -> pl.DataFrame:
    row = kinds.BY_KEY[dataset].row
    found = list(parse(Document(path.name, row, path, AS_OF, markets, facts={"dataset": dataset})))
    assert all(frame.schema == pl.Schema(row.schema) for frame in found)
    return pl.concat(found)


def changed(folder: Path, name: str, old: str, new: str) -> Path:
    """A document with one difference."""
    text = (HERE / name).read_bytes()
    assert old.encode() in text
    path = folder / name
    path.write_bytes(text.replace(old.encode(), new.encode(), 1))
    return path


def test_orders_become_lines_in_minor_units_on_local_days():
    frame = read("orders", HERE / "orders_us.txt", US, CA)
    assert frame.height == 6, "orders that Amazon only ships for others are no sales"
    assert set(frame["order_id"]) == {"111-1", "111-2", "111-3", "111-4"}
    first = frame.row(0, named=True)
    assert first["title"] == 'Café mug 12" – blue'
    assert (first["price"], first["tax"], first["promotion"]) == (1299, 105, 200)
    assert first["purchased_at"] == datetime(2026, 3, 2, 5, 30, tzinfo=UTC)
    assert first["purchased_on"] == date(2026, 3, 1), "the evening before in Los Angeles"
    assert frame.filter(order_id="111-1")["ordinal"].to_list() == [1, 2, 1], "the same SKU twice is two lines"


def test_pending_and_cancelled_orders_have_no_amount_rather_than_zero():
    frame = read("orders", HERE / "orders_us.txt", US, CA)
    pending, cancelled, canada = (frame.filter(order_id=f"111-{n}").row(0, named=True) for n in (2, 3, 4))
    assert (pending["price"], pending["currency"], pending["quantity"]) == (None, None, 1)
    assert (cancelled["quantity"], cancelled["status"]) == (0, "Cancelled")
    assert (canada["marketplace"], canada["price"], canada["fulfilment"], canada["business"]) == (
        "CA",
        123450,
        "FBM",
        1,
    )


def test_an_order_cut_by_a_batch_keeps_its_ordinals():
    table = TextTable(HERE / "orders_us.txt", "cp1252")
    positions = reports.ORDERS.positions(table.header)
    assert len(list(table.frames(positions, size=400))) > 3
    whole = read("orders", HERE / "orders_us.txt", US, CA)

    class Small(TextTable):
        def frames(self, wanted, size=0):
            return super().frames(wanted, 400)

    pieces = pl.concat(reports.read(reports.ORDERS, Small(table.path, "cp1252"), reports.Context((US, CA), AS_OF)))
    assert pieces.equals(whole)


@pytest.mark.parametrize(
    ("old", "new", "line", "column", "problem"),
    [
        ("12.99", "12.999", 2, "item-price", "not an amount of this currency"),
        ("12.99", "1e15", 2, "item-price", "not an amount of this currency"),
        ("\t3\tUSD", "\tthree\tUSD", 4, "quantity", "not a whole number"),
        ("\t3\tUSD", "\t3\t", 4, "item-price", "not an amount of this currency"),
        ("2026-03-02T05:30:00+00:00", "2 March", 2, "purchase-date", "not a date with a time zone"),
        ("Amazon.ca", "Amazon.se", 7, "sales-channel", "not a marketplace of this store"),
        ("111-2", "", 5, "amazon-order-id", "this cell must not be empty"),
    ],
)
def test_one_wrong_cell_refuses_the_document_and_names_it(tmp_path, old, new, line, column, problem):
    path = changed(tmp_path, "orders_us.txt", old, new)
    with pytest.raises(Unreadable) as caught:
        read("orders", path, US, CA)
    assert [(e.line, e.column, e.problem) for e in caught.value.errors] == [(line, column, problem)]


def test_a_tab_inside_a_cell_is_noticed(tmp_path):
    path = changed(tmp_path, "orders_us.txt", "Plain mug", "Plain\tmug")
    with pytest.raises(Unreadable) as caught:
        read("orders", path, US, CA)
    assert caught.value.errors[0].line == 3


def test_columns_are_found_by_name_wherever_they_stand(tmp_path):
    lines = [line.split("\t") for line in (HERE / "orders_us.txt").read_text("cp1252").splitlines()]
    path = tmp_path / "turned.txt"
    text = "\n".join("\t".join(["new", *line[::-1]]) for line in lines)
    path.write_text(text.replace("amazon-order-id", "Amazon Order Id"), "cp1252")
    assert read("orders", path, US, CA).equals(read("orders", HERE / "orders_us.txt", US, CA))


def test_japanese_listings_in_yen_and_cp932():
    frame = read("listings", HERE / "listings_jp.txt", JP)
    assert frame["title"].to_list() == ["青いマグカップ ①", "ボウル～大"]
    assert frame["price"].to_list() == [1980, 2480], "yen has no cents"
    assert frame["status"].to_list() == ["active", "inactive"]
    assert frame["fulfilment"].to_list() == ["FBA", "FBM"]
    assert frame["quantity"].to_list() == [None, 7]
    assert frame["opened_at"][0] == datetime(2025, 4, 1, tzinfo=UTC)


def test_german_listings_with_their_own_words_and_commas():
    frame = read("listings", HERE / "listings_de.txt", DE)
    assert frame["title"][0] == "Blaue Tasse – groß"
    assert frame["price"].to_list() == [1299, 123450]
    assert frame["status"].to_list() == ["active", "inactive"]
    assert frame["opened_at"].to_list() == [
        datetime(2025, 4, 1, 7, tzinfo=UTC),
        datetime(2025, 12, 1, 8, tzinfo=UTC),
    ], "day first, summer and winter time"


def test_fba_stock_is_of_the_site_s_day():
    frame = read("fba_stock", HERE / "fba_stock_us.txt", US)
    mug = frame.row(0, named=True)
    assert mug["date"] == date(2026, 3, 1), "three in the morning UTC is yesterday in Los Angeles"
    names = ("available", "reserved", "unsellable", "inbound_working", "inbound_shipped", "inbound_receiving")
    assert [mug[name] for name in names] == [100, 15, 5, 20, 30, 10]
    assert mug["mfn_quantity"] is None


def test_fba_planning_adds_ages_and_fees():
    mug = read("fba_planning", HERE / "fba_planning_us.txt", US).row(0, named=True)
    assert (mug["age_0_90"], mug["age_271_365"], mug["age_365_plus"]) == (60, 5, 5)
    assert (mug["estimated_aged_fee"], mug["estimated_storage_fee"]) == (330, 325)
    assert (mug["amazon_recommended"], mug["amazon_ship_by"]) == (80, date(2026, 3, 20))


def test_traffic_keeps_shares_in_basis_points():
    row = read("traffic", HERE / "traffic_us.json", US).row(0, named=True)
    assert (row["sessions"], row["buy_box"], row["ordered_sales"]) == (120, 9735, 9093)
    assert row["date"] == date(2026, 3, 1)


def test_own_files_in_chinese_and_english():
    stock = read("own_stock", HERE / "own_stock_zh.csv", US)
    assert stock.rows() == [
        ("深圳仓", "MUG-1", date(2026, 3, 1), 1200, 20, 300),
        ("义乌仓", "BOWL-2", date(2026, 3, 1), 50, 0, 0),
    ]
    costs = read("costs", HERE / "costs.csv", US)
    assert costs["unit_cost"].to_list() == [1850, 900]
    assert costs["note"][0] == "with, comma"
    products = read("products", HERE / "products_zh.csv", US).row(0, named=True)
    assert (products["supplier"], products["carton_units"], products["moq"]) == ("远山陶瓷", 24, 480)


@pytest.mark.parametrize(
    ("name", "dataset", "language", "encoding", "markets"),
    [
        ("orders_us.txt", "orders", "en", "cp1252", ("CA", "US")),
        ("listings_jp.txt", "listings", "ja", "cp932", ("JP",)),
        ("listings_de.txt", "listings", "de", "cp1252", ("DE",)),
        ("fba_stock_us.txt", "fba_stock", "en", "utf-8", ("US",)),
        ("fba_planning_us.txt", "fba_planning", "en", "utf-8", ("US",)),
        ("traffic_us.json", "traffic", "", "utf-8", ("US",)),
        ("own_stock_zh.csv", "own_stock", "zh", "gb18030", ()),
        ("costs.csv", "costs", "en", "utf-8", ()),
        ("products_zh.csv", "products", "zh", "utf-8", ()),
    ],
)
def test_a_preview_says_what_a_file_is(name, dataset, language, encoding, markets):
    here = {"ja": (JP,), "de": (DE,)}.get(language, (US, CA))
    preview = inspect(HERE / name, here, AS_OF)
    assert preview.loadable, preview.problem
    assert (preview.report.key, preview.language, preview.encoding) == (dataset, language, encoding)
    assert preview.markets == markets
    assert preview.rows == len(preview.first) > 0


@pytest.mark.parametrize("pack", ["gz", "zip", "xlsx"])
def test_packed_files_read_the_same(tmp_path, pack):
    plain = HERE / "fba_stock_us.txt"
    path = tmp_path / f"report.{pack}"
    if pack == "gz":
        path.write_bytes(gzip.compress(plain.read_bytes()))
    elif pack == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("../../escape.txt", plain.read_bytes())
            archive.writestr("__MACOSX/._report", b"fork")
    else:
        book = xlsxwriter.Workbook(path)
        sheet = book.add_worksheet()
        for number, line in enumerate(plain.read_text().splitlines()):
            for column, cell in enumerate(line.split("\t")):
                sheet.write(number, column, float(cell) if number and cell.replace(".", "").isdigit() else cell)
        book.close()
    preview = inspect(path, (US,), AS_OF, folder=tmp_path)
    assert preview.loadable, preview.problem
    assert read("fba_stock", preview.path, US).equals(read("fba_stock", plain, US))
    assert preview.path.parent == tmp_path


def test_a_preview_of_a_broken_file_says_so_and_where(tmp_path):
    preview = inspect(changed(tmp_path, "orders_us.txt", "12.99", "free"), (US, CA), AS_OF)
    assert not preview.loadable
    assert preview.problem == "1 cell cannot be read."
    assert (preview.errors[0].line, preview.errors[0].value) == (2, "free")
    strange = tmp_path / "strange.csv"
    strange.write_text("a,b\n1,2\n")
    assert inspect(strange, (US,), AS_OF).problem == "No known kind of file has these columns."
    strange.write_text("")
    assert inspect(strange, (US,), AS_OF).problem == "The file is empty."
    strange.write_text("sku,unit-cost,currency\n")
    assert inspect(strange, (US,), AS_OF).problem == "The file has no lines below its header."


def test_a_summed_or_foreign_traffic_report_is_refused(tmp_path):
    path = changed(tmp_path, "traffic_us.json", '"dataEndTime": "2026-03-01"', '"dataEndTime": "2026-03-07"')
    assert "several days" in inspect(path, (US,), AS_OF).problem
    assert "does not sell in" in inspect(HERE / "traffic_us.json", (CA,), AS_OF).problem


def test_a_truncated_or_damaged_gz_is_refused(tmp_path):
    whole = gzip.compress((HERE / "orders_us.txt").read_bytes())
    for broken in (whole[:-9], whole[:-6] + b"\0" * 6):
        path = tmp_path / "broken.gz"
        path.write_bytes(broken)
        with pytest.raises(Unreadable):
            gunzip(path, tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["broken.gz"], "nothing is left behind"


def test_bombs_nesting_and_crowds_are_refused(tmp_path):
    bomb = tmp_path / "bomb.gz"
    bomb.write_bytes(gzip.compress(b"\0" * 20_000_000))
    with pytest.raises(Unreadable, match="grows more than"):
        unpack(bomb, tmp_path)
    with pytest.raises(Unreadable, match="larger than"):
        unpack(bomb, tmp_path, Bounds(size=10_000_000, ratio=10**9))
    nested = tmp_path / "nested.zip"
    with zipfile.ZipFile(nested, "w") as archive:
        archive.writestr("inner.gz", gzip.compress(b"x"))
    with pytest.raises(Unreadable, match="inside an archive"):
        unpack(nested, tmp_path)
    with zipfile.ZipFile(nested, "a") as archive:
        archive.writestr("second.txt", b"x")
    with pytest.raises(Unreadable, match="exactly one file, not 2"):
        unpack(nested, tmp_path)


@pytest.mark.parametrize(
    ("content", "language", "codec"),
    [
        ("sku\tprice\n", "", "utf-8"),
        ("Tasse groß\n".encode("cp1252"), "de", "cp1252"),
        ("Tasse groß\n".encode(), "de", "utf-8"),
        ("マグカップ".encode("cp932"), "", "cp932"),
        ("仓库,可用库存\n深圳仓,20\n".encode("gb18030"), "", "gb18030"),
        ("\ufeffsku".encode("utf-16-le"), "", "utf-16"),
        ("sku\tprice\n".encode("utf-16-le"), "", "utf-16-le"),
    ],
)
def test_encodings_are_told_apart(tmp_path, content, language, codec):
    path = tmp_path / "text"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert encoding_of(path, language=language) == codec


def test_bytes_that_contradict_their_charset_are_refused_with_line_and_place(tmp_path):
    path = tmp_path / "text"
    path.write_bytes(b"sku\tname\nA\tok\nB\t\xff\xfe\n")
    with pytest.raises(Unreadable) as caught:
        list(open_table(path, declared="utf-8").frames({"sku": 0}))
    assert caught.value.errors[0].line == 3


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_line_endings_and_quoted_breaks(tmp_path, ending):
    path = tmp_path / "own.csv"
    text = ["sku,unit-cost,currency,note", 'A,1.00,USD,"two', 'lines, ""quoted"""', "B,2.00,USD,"]
    path.write_bytes(ending.join(text).encode())
    frame = read("costs", path, US)
    assert frame["sku"].to_list() == ["A", "B"]
    assert frame["note"][0].replace("\r", "\n") == 'two\nlines, "quoted"'


def test_a_document_twice_is_the_same_frame():
    assert read("orders", HERE / "orders_us.txt", US, CA).equals(read("orders", HERE / "orders_us.txt", US, CA))


def test_every_row_type_of_a_file_can_be_read():
    assert {report.row for report in kinds.BY_KEY.values()} == set(rows.ROW_TYPES.values())


@pytest.mark.parametrize("batch", [2, 3, 100_000])
def test_an_order_told_again_is_counted_anew_wherever_batches_end(tmp_path, monkeypatch, batch):
    """Joined by hand: the second telling's lines do not go on from the first's."""
    monkeypatch.setattr(reports, "BATCH", batch)
    header, *lines = (HERE / "orders_us.txt").read_bytes().splitlines(keepends=True)
    path = tmp_path / "joined.txt"
    path.write_bytes(header + b"".join(lines * 2))
    once, twice = read("orders", HERE / "orders_us.txt", US, CA), read("orders", path, US, CA)
    assert twice.equals(pl.concat([once, once]))

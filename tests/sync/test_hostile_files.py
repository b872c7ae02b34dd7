"""Files that nobody meant well with: each is refused in words, none takes the process with it."""

import zipfile
from pathlib import Path

import pytest
import xlsxwriter

from apps.sync.reading import jsons, table
from apps.sync.sources.files import Preview, inspect
from tests.sync.test_reading import AS_OF, HERE, US

TRAFFIC = """{"reportSpecification": {"dataStartTime": "2026-02-01", "dataEndTime": "2026-02-01",
 "marketplaceIds": ["ATVPDKIKX0DER"]}, "salesAndTrafficByAsin": [{"sku": "A", "trafficByAsin": {"sessions": %s,
 "pageViews": 1}, "salesByAsin": {"unitsOrdered": 1, "orderedProductSales": {"amount": 1, "currencyCode": "USD"}}}]}"""
COSTS = "sku,unit-cost,currency\n"


def look(path: Path) -> Preview:
    return inspect(path, (US,), AS_OF)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ('{"reportSpecification":' + "[" * 200_000, "does not say which site and day"),
        (TRAFFIC % '"many"', "another shape"),
        (TRAFFIC % ("1" + "0" * 30), "another shape"),
        (TRAFFIC % "[1]", "another shape"),
        ("sku,unit-cost,currency," + "n" * 200_000 + "\na,1,USD\n", "first line cannot be read"),
        (COSTS + '"a,1,USD\nb,2,USD\n', "quotation mark"),
        (COSTS + 'a"b"c,1,USD\n"b"x,2,USD\n', "quotation mark"),
        (COSTS + "a,99999999999999,USD\n", "1 cell cannot be read"),
    ],
    ids=["nested", "text", "huge", "list", "wide", "open", "shut", "rich"],
)
def test_a_preview_says_what_is_wrong(tmp_path, content, says):
    path = tmp_path / "file"
    path.write_text(content)
    preview = look(path)
    assert says in preview.problem
    assert not preview.loadable


def test_a_report_that_would_fill_the_memory_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(jsons, "MOST_BYTES", 100)
    assert "larger than 100 bytes" in look(HERE / "traffic_us.json").problem


def workbook(path: Path) -> Path:
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet()
        for row, cells in enumerate((("sku", "unit-cost", "currency"), ("A", 4.5, "USD"))):
            sheet.write_row(row, 0, cells)
    return path


def test_a_workbook_that_names_a_cell_far_out_is_refused(tmp_path):
    """Read as it is, it asks for half a terabyte, and the process ends."""
    plain, bomb = workbook(tmp_path / "plain.xlsx"), tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(plain) as source, zipfile.ZipFile(bomb, "w") as target:
        for name in source.namelist():
            body = source.read(name)
            far = body.replace(b'r="C2"', b'r="XFD1048576"')
            target.writestr(name, far if name.endswith("sheet1.xml") else body)
    assert look(plain).loadable
    assert "more than 5000000 cells" in look(bomb).problem


def test_a_workbook_of_too_many_cells_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(table, "SHEET_CELLS", 5)
    assert "more than 5 cells" in look(workbook(tmp_path / "book.xlsx")).problem

"""Tables as files."""

from python_calamine import CalamineWorkbook

from apps.core import exports


def test_rows_beyond_one_sheet_are_on_the_next(tmp_path, monkeypatch):
    monkeypatch.setattr(exports, "SHEET_ROWS", 3)
    path = tmp_path / "table.xlsx"
    assert exports.write_xlsx(path, ["SKU"], ([f"S{n}"] for n in range(7))) == 7
    book = CalamineWorkbook.from_path(path)
    sheets = [book.get_sheet_by_name(name).to_python() for name in book.sheet_names]
    assert [sheet[0] for sheet in sheets] == [["SKU"]] * 3
    assert [cell for sheet in sheets for (cell,) in sheet[1:]] == [f"S{n}" for n in range(7)]


def test_a_sheet_takes_what_a_spreadsheet_can_hold(tmp_path):
    """One row more than SHEET_ROWS and the header is what the writer itself refuses."""
    path = tmp_path / "full.xlsx"
    rows = exports.SHEET_ROWS + 2
    assert exports.write_xlsx(path, ["N"], ([n] if n > rows - 5 else [] for n in range(rows))) == rows
    book = CalamineWorkbook.from_path(path)
    assert [book.get_sheet_by_name(name).to_python()[-1] for name in book.sheet_names] == [[rows - 3], [rows - 1]]

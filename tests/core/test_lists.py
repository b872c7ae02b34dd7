"""Pages of lists, and the row of cells that stands in them."""

from datetime import date
from types import SimpleNamespace

import pytest
from django.db import connection
from django.http import QueryDict
from django.template import Context, Template
from django.test.utils import CaptureQueriesContext
from django.utils.safestring import mark_safe

from apps.accounts.models import Marketplace
from apps.core import lists
from apps.core.lists import ListColumn
from apps.core.templatetags.shell import status_badge

COLUMNS = (ListColumn("sku", "SKU"), ListColumn("site", "Site"), ListColumn("units", "Units", numeric=True))
ROW = '{% load shell %}{% cells query %} {% cell "sku" %}<th>{{ sku }}</th>{% cell "site" %}<td>{{ site }}</td>'


def asked(words="", columns=COLUMNS):
    return lists.parse(QueryDict(words), columns, sort="", today=date(2026, 3, 2))


def row(template, query):
    return Template(template).render(Context({"query": query, "sku": "A&B", "site": "DE"}))


@pytest.mark.django_db
@pytest.mark.parametrize("page", [1, 2, 3, 4, 5, 99])
def test_every_page_is_the_same_slice_from_whichever_end_it_is_read(page):
    every = list(Marketplace.objects.order_by("code"))
    query = asked(f"per=4&page={page}")
    found = lists.paged(Marketplace.objects.order_by("code"), query)
    first = 4 * (found.number - 1)
    assert list(found) == every[first : first + 4]
    assert found.number == min(page, -(-len(every) // 4))
    assert (found.start_index(), found.paginator.count) == (first + 1, len(every))


@pytest.mark.django_db
def test_the_last_page_walks_over_nothing():
    with CaptureQueriesContext(connection) as seen:
        list(lists.paged(Marketplace.objects.order_by("code"), asked("per=4&page=99")))
    assert "OFFSET" not in seen[-1]["sql"] and "DESC" in seen[-1]["sql"]


@pytest.mark.django_db
@pytest.mark.filterwarnings("ignore:Pagination may yield")
def test_rows_without_an_order_and_lists_are_read_from_the_front():
    query = asked("per=4&page=3")
    assert list(lists.paged(list(range(11)), query)) == [8, 9, 10]
    unordered = Marketplace.objects.order_by()
    assert list(lists.paged(unordered, query)) == list(unordered[8:12])


def test_cells_stand_in_the_order_of_the_columns_that_are_shown():
    whole = ROW + "{% rest %}<td>{{ column.label }}</td>{% endcells %}"
    assert row(whole, asked()) == "<th>A&amp;B</th><td>DE</td><td>Units</td>"
    hidden = SimpleNamespace(shown_columns=[COLUMNS[2], COLUMNS[0]])
    assert row(whole, hidden) == "<td>Units</td><th>A&amp;B</th>"


def test_a_column_without_a_cell_leaves_nothing_and_no_column_behind():
    text = row(ROW + "{% endcells %}[{{ column.label }}]", asked())
    assert text == "<th>A&amp;B</th><td>DE</td>[]"


def test_a_badge_does_not_take_text_for_markup_because_markup_read_the_same():
    text = "<b>1</b>"
    assert "&lt;b&gt;" not in status_badge("done", mark_safe(text))
    assert "&lt;b&gt;" in status_badge("done", text)
    assert ">done<" in status_badge("done", "", hover="") and "title" not in status_badge("done", "", hover="")

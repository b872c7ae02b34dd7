"""An address with nothing but `view=<id>`: it leads to the view's filters for those who may have it."""

import pytest
from django.urls import resolve

from apps.accounts.actions import saved_views
from apps.accounts.models import StoreGrant
from apps.core.models import SavedView
from apps.core.permissions import Role

LISTS = {
    "products/": "products",
    "orders/": "orders",
    "costs/": "costs",
    "replenishment/": "replenishment",
    "stores/": "stores",
    "health/": "health",
    "health/defects/": "health-defects",
    "health/notices/": "health-notices",
    "alerts/": "alerts",
    "papers/": "papers",
    "papers/list/": "paper-list",
    "papers/products/": "paper-products",
}
GONE = "There is no such view, or nobody shares it with you."


@pytest.fixture
def view(acme):
    with acme:
        return saved_views.save_view("products", "Without stock", "status=out&mp=US", by=acme.seats[Role.SENIOR])


def opened(client, world, role, text, path="products/"):
    client.force_login(world.user(role))
    return client.get(world.url(path), {"view": text}, follow=True)


def test_ones_own_view_is_opened_by_its_id_alone(acme, client, view):
    answer = opened(client, acme, Role.SENIOR, view.pk)
    assert answer.redirect_chain == [(acme.url(f"products/?status=out&mp=US&view={view.pk}"), 302)]
    assert answer.context["query"].status == "out"
    assert GONE not in answer.content.decode()


def test_below_a_store_it_stays_there(acme, client, view):
    answer = opened(client, acme, Role.SENIOR, view.pk, f"stores/{acme.store.slug}/products/")
    assert answer.redirect_chain[0][0].startswith(acme.url(f"stores/{acme.store.slug}/products/?status=out"))


def test_anothers_view_only_once_it_is_shared(acme, client, view):
    answer = opened(client, acme, Role.OWNER, view.pk)
    assert answer.redirect_chain == [(acme.url("products/"), 302)]
    assert GONE in answer.content.decode()
    with acme:
        SavedView.objects.update(shared=True)
    assert opened(client, acme, Role.OWNER, view.pk).context["query"].status == "out"


def test_a_shared_view_opens_no_page_that_is_not_ones_own(acme, client):
    with acme:
        view = saved_views.save_view("costs", "All costs", "sort=-cost", by=acme.seats[Role.OWNER])
        SavedView.objects.update(shared=True)
    assert opened(client, acme, Role.JUNIOR, view.pk, "costs/").status_code == 403


def test_of_the_stores_only_those_granted(acme, client, view):
    with acme:
        SavedView.objects.update(shared=True)
        StoreGrant.objects.filter(member=acme.seats[Role.JUNIOR]).delete()
    answer = opened(client, acme, Role.JUNIOR, view.pk)
    assert list(answer.context["rows"]) == []


@pytest.mark.parametrize("wrong", ["", "x", "693ccb5a-1d81-4a0c-8c73-9d33bd4b120a"])
def test_an_unknown_one_gives_the_whole_list_and_says_so(acme, client, wrong):
    answer = opened(client, acme, Role.OWNER, wrong)
    assert answer.redirect_chain == [(acme.url("products/"), 302)]
    assert GONE in answer.content.decode()


def test_another_agencys_and_another_pages_are_unknown(acme, zeta, client, view):
    assert GONE in opened(client, acme, Role.SENIOR, view.pk, "orders/").content.decode()
    with acme:
        SavedView.objects.update(shared=True)
    assert GONE in opened(client, zeta, Role.OWNER, view.pk).content.decode()


def test_the_whole_list_under_a_name_leads_to_itself(acme, client):
    with acme:
        view = saved_views.save_view("products", "All", "", by=acme.seats[Role.OWNER])
    answer = opened(client, acme, Role.OWNER, view.pk)
    assert (answer.status_code, answer.redirect_chain) == (200, [])


def test_taking_off_its_filters_does_not_lead_back_to_it(acme, client, view):
    answer = opened(client, acme, Role.SENIOR, view.pk)
    plain = answer.context["query"].url(status=None, mp=None)
    assert "view" not in plain


def test_the_menu_offers_the_short_address(acme, client, view):
    client.force_login(acme.user(Role.SENIOR))
    menu = client.get(acme.url("views/"), {"page": "products", "list": acme.url("products/")}).content.decode()
    assert f'href="{acme.url("products/")}?view={view.pk}"' in menu


@pytest.mark.parametrize(("path", "name"), LISTS.items())
def test_every_list_page_opens_its_views(path, name):
    match = resolve(f"/acme/{path}")
    assert (match.url_name, getattr(match.func, "opens_views", "")) == (name, name)

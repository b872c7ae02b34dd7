"""What products are: what rules have to know and nobody has said, with suggestions that a person confirms."""

from typing import Any

from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.queries import stores_for
from apps.accounts.views import lists as pages
from apps.core import lists
from apps.core.http import MemberRequest, page, requires, toast
from apps.core.permissions import Permission
from apps.health.actions import products as actions
from apps.health.actions.papers import Turn
from apps.health.forms.needs import QuestionAction
from apps.health.queries import traits as queries

PAGE = "paper-products"
TEMPLATE = "health/papers/products.html"
FILTERS = {"q", "store", "category", "trait", "status"}


@require_safe
@requires(Permission.PAPERS_VIEW)
@pages.opens_views(PAGE)
def products(request: MemberRequest, store: str = "") -> HttpResponse:
    """What do rules have to know of our products, and what do their titles suggest?"""
    return page(request, TEMPLATE, context(request, store, request.GET))


def context(request: MemberRequest, slug: str, params: QueryDict) -> dict[str, Any]:
    """Everything the page shows, in a constant number of queries."""
    member, known = request.member, queries.traits()
    store = get_object_or_404(stores_for(member), slug=slug) if slug else None
    mine = _mine(request, slug)
    query = _parsed(params)
    rows = lists.paged(lists.ordered(queries.chosen(mine, query, known), query, "store", "sku"), query)
    return pages.frame(request, query, name=PAGE, slug=slug, kept=("status", "sort")) | {
        "store": store,
        "rows": rows,
        "lines": queries.question_rows(rows, known),
        "segments": pages.segments(
            query,
            query.status if query.status == queries.HINTED else "",
            [("", _("Unconfirmed"), mine.count()), (queries.HINTED, _("With a suggestion"), _hinted(mine, known))],
        ),
        "filtered": bool(set(query.params) & FILTERS),
        "traits": [(code, trait.name) for code, trait in known.items()],
        "stores": [] if store else [(each.slug, each.name) for each in stores_for(member)],
        "may_edit": member.can(Permission.PAPERS_EDIT),
        "may_import": member.can(Permission.IMPORT),
        "may_export": False,
    }


def _mine(request: MemberRequest, slug: str) -> Any:
    mine = queries.questions_for(request.member)
    return mine.filter(store__slug=slug) if slug else mine


def _hinted(mine: Any, known: Any) -> int:
    return int(queries.hinted(mine, known, known).count())


def _parsed(params: QueryDict) -> lists.ListQuery:
    return lists.parse(params, queries.COLUMNS, sort=queries.DEFAULT_SORT, today=timezone.localdate())


@require_POST
@requires(Permission.PAPERS_EDIT)
def act(request: MemberRequest, store: str = "") -> HttpResponse:
    """One answer for chosen products; answers the rows as they are now."""
    if store:
        get_object_or_404(stores_for(request.member), slug=store)
    form = QuestionAction(request.POST)
    if not form.is_valid():
        said = next(iter(form.errors.values()))[0]
        return toast(HttpResponse(status=422), str(said), kind="warning")
    values, known, mine = form.cleaned_data, queries.traits(), _mine(request, store)
    chosen, problem = pages.meant(
        request,
        values,
        lambda params: queries.chosen(mine, _parsed(params), known),
        lambda keys: queries.picked(mine, keys),
        nothing=_("Choose at least one product."),
        too_many=_("At most %d products at once. Narrow the filter."),
    )
    turn = Turn(request.member, timezone.now())
    done = 0 if problem else actions.answer(chosen, values["action"], turn, trait=values["trait"])
    words = ngettext("%(count)d product: said.", "%(count)d products: said.", done) % {"count": done}
    said = problem or f"{words} {_('Coverage is being worked out anew.')}"
    if elsewhere := pages.settled(request, PAGE, store, said):
        return elsewhere
    shown = context(request, store, pages.params_of(values["query"]))
    answer = page(request, TEMPLATE, shown, status=422 if problem else 200)
    return toast(answer, said, kind="warning" if problem else "success")

"""{% load shell %}: addresses inside the agency, icons, people, list queries, components with a body.

It brings the tags of `figures` and `drawings` along, so that a page loads one library.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from django import template
from django.forms import BoundField, CheckboxInput, CheckboxSelectMultiple, RadioSelect
from django.template.loader import get_template
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from apps.core.browsers import browser_of
from apps.core.lists import ListColumn, ListQuery
from apps.core.templatetags import drawings, figures

register = template.Library()
for library in (figures, drawings):
    register.tags.update(library.register.tags)
    register.filters.update(library.register.filters)

FLAGS = {"UK": "gb"}
HUES = 6
REST = ""  # of the columns that have no cell of their own
# What a stranger sees; a person's own choice is theirs.
DEFAULTS = {"theme": "system", "density": "standard", "delta_colours": "good", "shortcuts": True}
TONES = {
    "urgent": "danger",
    "reorder": "warning",
    "healthy": "success",
    "excess": "excess",
    "no_data": "neutral",
    "active": "success",
    "done": "success",
    "fresh": "success",
    "late": "warning",
    "broken": "danger",
    "dead": "danger",
}


# Names of fields in the ledger, where the field's own name would not read well.
LABELS = {
    "state": _("State"),
    "assigned_id": _("Assigned to"),
    "snoozed_until": _("Snoozed until"),
    "snoozed_rank": _("Money then"),
    "closed_at": _("Closed"),
    "reason": _("Reason"),
    "role": _("Role"),
    "stores": _("Stores"),
    "scopes": _("Scopes"),
    "moq": _("Minimum order"),
    "carton_units": _("Units per carton"),
    "supplier": _("Supplier"),
    "edited": _("Quantity"),
    "mode": _("Transport"),
    "owner_id": _("Owner"),
    "owner": _("Owner"),
    "name": _("Name"),
    "title": _("Name"),
    "note": _("Note"),
    "due": _("Due"),
    "answer": _("Answer"),
    "case_id": _("Case"),
    "slug": _("Address"),
    "client": _("Client"),
    "sites": _("Sites"),
    "marketplaces": _("Sites"),
    "region": _("Region"),
    "seller": _("Seller ID"),
    "kind": _("Kind"),
    "units": _("Units"),
    "lines": _("Lines"),
    "currency": _("Currency"),
    "language": _("Language"),
    "logo": _("Logo"),
    "brand_colour": _("Brand colour"),
    "limits": _("Limits"),
    "email": _("E-mail"),
    "networks": _("Networks"),
    "events": _("Events"),
    "expires_at": _("Valid until"),
    "until": _("Until"),
    "value": _("Value"),
    "problem": _("Problem"),
    "prefix": _("Key"),
    "since": _("Since"),
    "contract": _("Contract"),
    "monthly_fee": _("Monthly fee"),
    "fee_currency": _("Fee currency"),
    "seller_id": _("Seller ID"),
    "most": _("At most"),
    "action": _("What may be done"),
    "active": _("Active"),
    "url": _("Address"),
}


# -- addresses


@register.simple_tag(takes_context=True)
def to(context: Mapping[str, Any], name: str, *args: Any, **kwargs: Any) -> str:
    """The address of a page; inside an agency its slug is added: {% to "plan" number=plan.number %}."""
    agency = getattr(context.get("request"), "agency", None)
    if agency is not None:
        try:
            return reverse(name, args=args, kwargs={"agency": agency.slug, **kwargs})
        except NoReverseMatch:  # a page outside of agencies
            return reverse(name, args=args, kwargs=kwargs)
    return reverse(name, args=args, kwargs=kwargs)


@register.simple_tag(takes_context=True)
def to_if(context: Mapping[str, Any], name: str, *args: Any, **kwargs: Any) -> str:
    """Like `to`, or nothing where this installation has no such page."""
    try:
        return to(context, name, *args, **kwargs)
    except NoReverseMatch:
        return ""


# -- the shell


@register.simple_tag
def html_lang() -> str:
    """For <html lang>: zh-Hans or en."""
    return "zh-Hans" if (get_language() or "").startswith("zh") else "en"


@register.simple_tag(takes_context=True)
def preference(context: Mapping[str, Any], name: str) -> Any:
    """The signed-in person's own setting, else the cookie's theme, else the house's."""
    request = context.get("request")
    user = getattr(request, "user", None)
    if user is not None and user.is_authenticated:
        return getattr(user, name, DEFAULTS[name])
    kept = request.COOKIES.get(name, "") if request is not None else ""
    return kept if kept in {"light", "dark"} else DEFAULTS[name]


# Icons, flags and badges stand in every row, and there are few of them: each is made once. `typed`: what is safe
# already is not taken for a text that reads the same.
@register.simple_tag
@lru_cache(maxsize=500, typed=True)
def icon(name: str, extra: str = "", label: str = "") -> SafeString:
    """A Tabler outline icon; decoration unless it has a label."""
    said = format_html('role="img" aria-label="{}"', label) if label else mark_safe('aria-hidden="true"')
    return format_html(
        '<svg class="icon {}" {}><use href="{}#{}"/></svg>', extra, said, static("build/icons.svg"), name
    )


@register.simple_tag
@lru_cache(maxsize=100, typed=True)
def flag(code: str) -> SafeString:
    """A site's flag; its code is the text."""
    name = FLAGS.get(code, code.lower())
    return format_html(
        '<span class="mp" title="{}"><img class="flag" src="{}" alt="">{}</span>',
        code,
        static(f"build/flags/{name}.svg"),
        code,
    )


@register.filter
def initials(name: Any) -> str:
    """Two letters of a name, one of a Chinese one."""
    words = str(name or "").split()
    if not words:
        return "?"
    return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper()


@register.simple_tag
def avatar(person: Any, name: bool | str = True, size: str = "") -> SafeString:
    """A round mark with initials, and the name beside it or for screen readers; name="wide": beside it where there is room."""
    text = person.get("name", "") if isinstance(person, Mapping) else str(person or "")
    if not text:
        return format_html('<span class="none">{}</span>', figures.MISSING)
    hue = sum(map(ord, text)) % HUES + 1
    return format_html(
        '<span class="who {}" style="--c:var(--c{})" title="{}"><i aria-hidden="true">{}</i>'
        '<span class="{}">{}</span></span>',
        *(size, hue, text, initials(text)[:2], {"wide": "who-n", True: ""}.get(name, "sr-only"), text),
    )


@register.simple_tag
def status_badge(status: str, label: Any = "", tone: str = "", hover: str = "") -> SafeString:
    """A state as word and colour; `tone` where the state does not imply one, `hover` for the source's own word."""
    return _badge(tone or TONES.get(status, "neutral"), str(label or status), str(hover or ""))


@lru_cache(maxsize=2000, typed=True)
def _badge(tone: str, text: str, hover: str) -> SafeString:
    own = format_html(' title="{}"', hover) if hover else ""
    return format_html('<span class="bdg tone-{}"{}>{}</span>', tone, own, text)


# -- lists


@register.simple_tag
def query_url(query: ListQuery, **changes: Any) -> str:
    """The list's address with changes; None takes a parameter out."""
    return query.url(**changes)


@register.inclusion_tag("components/sort_header.html")
def sort_header(query: ListQuery, column: ListColumn, target: str = "rows", pinned: bool = False) -> dict[str, Any]:
    """A head cell; a link where the column can be sorted by."""
    return {
        "column": column,
        "target": target,
        "pinned": pinned,
        "url": query.sort_url(column) if column.order else "",
        "aria_sort": query.aria_sort(column),
    }


@register.filter
def browser(told: str) -> str:
    """A user agent in few words."""
    return browser_of(told)


@register.filter
def split_words(text: str) -> list[str]:
    return text.split()


@register.filter
def get(mapping: Any, key: Any) -> Any:
    """mapping[key], or nothing."""
    return mapping.get(key) if hasattr(mapping, "get") else None


@register.filter
def chart_rows(data: Mapping[str, Any]) -> list[tuple[str, list[Any]]]:
    """A chart's data as lines of a table: [(label, [value of each series])]."""
    labels = data.get("labels") or []
    return [(label, [series["data"][n] for series in data["series"]]) for n, label in enumerate(labels)]


# -- forms and history


@register.inclusion_tag("components/field.html")
def field(bound: BoundField, wide: bool = False) -> dict[str, Any]:
    """A form field with label, help and errors, and the attributes that tie them together."""
    widget = bound.field.widget
    box = isinstance(widget, CheckboxInput)
    group = isinstance(widget, CheckboxSelectMultiple | RadioSelect)
    return {"field": bound, "wide": wide, "box": box, "group": group, "widget": _widget(bound, box or group)}


def _widget(bound: BoundField, plain: bool) -> SafeString:
    told = [f"{bound.auto_id}_help"] if bound.help_text else []
    told += [f"{bound.auto_id}_errors"] if bound.errors else []
    style = "ck" if plain else "input"
    attributes = {"class": f"{bound.field.widget.attrs.get('class', '')} {style}".strip()}
    if told:
        attributes["aria-describedby"] = " ".join(told)
    if bound.errors:
        attributes["aria-invalid"] = "true"
    return bound.as_widget(attrs=attributes)


class Changed:
    """One field of a ledger entry."""

    def __init__(self, name: str, before: Any, after: Any) -> None:
        self.name, self.before, self.after = name, before, after


@register.filter
def changes(entry: Any) -> list[Changed]:
    """What an entry changed: name, before, after."""
    return [Changed(name, entry.before.get(name), entry.after.get(name)) for name in {**entry.before, **entry.after}]


@register.simple_tag
def field_label(name: str) -> str:
    """A field's name as people read it."""
    return str(LABELS.get(name) or name.removesuffix("_id").replace("_", " "))


# -- components with a body


@register.tag
def capture(parser: template.base.Parser, token: template.base.Token) -> "CaptureNode":
    """{% capture name %}...{% endcapture %}: what it makes is a variable afterwards."""
    _tag, name = token.split_contents()
    nodes = parser.parse(("endcapture",))
    parser.delete_first_token()
    return CaptureNode(name, nodes)


class CaptureNode(template.Node):
    def __init__(self, name: str, nodelist: template.NodeList) -> None:
        self.name, self.nodelist = name, nodelist

    def render(self, context: template.Context) -> str:
        context[self.name] = self.nodelist.render(context)
        return ""


@register.tag
def wrap(parser: template.base.Parser, token: template.base.Token) -> "WrapNode":
    """{% wrap "drawer" title=... %}body{% part "footer" %}...{% endwrap %}: a component around its content."""
    bits = token.split_contents()[1:]
    name = parser.compile_filter(bits[0])
    values = {}
    for bit in bits[1:]:
        key, _equals, value = bit.partition("=")
        values[key] = parser.compile_filter(value)
    parts: dict[str, template.NodeList] = {}
    part = "body"
    while True:
        parts[part] = parser.parse(("part", "endwrap"))
        token = parser.next_token()
        words = token.split_contents()
        if words[0] == "endwrap":
            return WrapNode(name, values, parts)
        part = words[1].strip("\"'")


class WrapNode(template.Node):
    def __init__(self, name: Any, values: dict[str, Any], parts: dict[str, template.NodeList]) -> None:
        self.name, self.values, self.parts = name, values, parts

    def render(self, context: template.Context) -> str:
        values = {key: value.resolve(context) for key, value in self.values.items()}
        parts = {key: nodes.render(context) for key, nodes in self.parts.items()}
        component = get_template(f"components/{self.name.resolve(context)}.html").template
        with context.push(**values, **parts):
            return component.render(context)


@register.tag
def cells(parser: template.base.Parser, token: template.base.Token) -> "CellsNode":
    """{% cells query %}{% cell "sku" %}<td>…</td>{% cell "site" %}…{% rest %}…{% endcells %}: one row of a list.

    Each column that is shown, in the reader's order, as `column`; `rest` for every column that has no cell of its own.
    """
    _tag, query = token.split_contents()
    nodes: dict[str, template.NodeList] = {}
    parser.parse(("cell", "endcells"))  # white space before the first
    while (words := parser.next_token().split_contents())[0] != "endcells":
        name = words[1].strip("\"'") if words[0] == "cell" else REST
        nodes[name] = parser.parse(("cell", "rest", "endcells"))
    return CellsNode(parser.compile_filter(query), nodes)


class CellsNode(template.Node):
    """Looks a column's cell up; a chain of conditions would ask every column for every name, for each row."""

    def __init__(self, query: Any, nodes: dict[str, template.NodeList]) -> None:
        self.query, self.nodes = query, nodes

    def render(self, context: template.Context) -> SafeString:
        rest, made = self.nodes.get(REST), []
        with context.push():
            for column in self.query.resolve(context).shown_columns:
                nodes = self.nodes.get(column.key, rest)
                if nodes is not None:
                    context["column"] = column
                    made.append(nodes.render(context))
        return mark_safe("".join(made))  # noqa: S308 - rendered by templates

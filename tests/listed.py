"""What tests of list pages share: addresses, people at the page, and what its table holds."""

import re

from django.urls import reverse


def at(world, name, **kwargs):
    """The address of a page of the world's agency."""
    return reverse(name, kwargs={"agency": world.agency.slug, **kwargs})


def page_named(usual: str):
    """`at`, for a test of mostly one page."""
    return lambda world, name=usual, **kwargs: at(world, name, **kwargs)


def seated(client, world, role):
    """The client, signed in as whoever has this role."""
    client.force_login(world.user(role))
    return client


def table(page: str, pattern: str) -> list[str]:
    """What of the last table's rows matches, in its order."""
    body = page.split("<tbody>")[-1].split("</tbody>")[0] if "<tbody>" in page else ""
    return re.findall(pattern, body)


def of_table(pattern: str):
    """`table` for rows that say what they are about more than once: each once."""
    return lambda page: list(dict.fromkeys(table(page, pattern)))

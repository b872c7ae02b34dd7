"""Rows for tests. Tenant rows need an acting agency: `with world:`."""

import factory
from django.contrib.auth.hashers import make_password

from apps.accounts.models import User


class UserFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = User
        django_get_or_create = ("email",)

    email = factory.Sequence(lambda n: f"person{n}@example.com")
    name = factory.LazyAttribute(lambda user: user.email.partition("@")[0].title())
    language = "en"
    time_zone = "UTC"  # else "today" is another day for them than for the facts of a test from 16:00 on
    password = factory.LazyFunction(lambda: make_password(None))

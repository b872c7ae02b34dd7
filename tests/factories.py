"""Rows for tests. Tenant rows need an acting agency: `with world:`."""

import factory

from apps.accounts.models import User


class UserFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = User
        django_get_or_create = ("email",)
        skip_postgeneration_save = True

    email = factory.Sequence(lambda n: f"person{n}@example.com")
    name = factory.LazyAttribute(lambda user: user.email.partition("@")[0].title())
    language = "en"
    password = factory.PostGenerationMethodCall("set_unusable_password")

"""One agency with everything a test may need: every role, two stores, a connection, a client."""

from datetime import UTC, datetime
from typing import Self

from apps.accounts.models import Agency, AgencySettings, Client, Member, Store, StoreGrant
from apps.accounts.models import StoreMarketplace as Site
from apps.core.permissions import Role
from apps.core.tenancy import tenant
from apps.sync.models import Connection
from tests.factories import UserFactory

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


class World:
    """`with world:` acts for its agency. Clients: `seats[Role.CLIENT]` sees `store`, `other_client` sees `other_store`."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.agency = Agency.objects.create(name=name.title(), slug=name)
        self._open: list = []
        with self:
            self.settings = AgencySettings.objects.create(agency=self.agency)
            self.client = Client.objects.create(name=f"{name} client")
            self.second_client = Client.objects.create(name=f"{name} second client")
            self.seats = {role: self._seat(role) for role in Role}
            self.other_client = self._seat(Role.CLIENT, email=f"{name}-other@example.com", client=self.second_client)
            self.store = self._store("north", "NA", ("US", "CA"), self.client)
            self.other_store = self._store("europe", "EU", ("DE", "FR"), self.second_client)
            for role in (Role.SENIOR, Role.JUNIOR, Role.CLIENT):
                StoreGrant.objects.create(member=self.seats[role], store=self.store)
            StoreGrant.objects.create(member=self.other_client, store=self.other_store)
            self.connection = Connection.objects.create(store=self.store, kind="sp_api", authorised_at=NOW)

    def _seat(self, role: Role, *, email: str = "", client: Client | None = None) -> Member:
        user = UserFactory(email=email or f"{self.name}-{role}@example.com")
        client = client or (self.client if role == Role.CLIENT else None)
        return Member.objects.create(agency=self.agency, user=user, role=role, client=client)

    def _store(self, slug: str, region: str, sites: tuple[str, ...], client: Client) -> Store:
        store = Store.objects.create(
            name=f"{self.name} {slug}", slug=slug, region=region, client=client, seller_id=f"A{self.name}{slug}".upper()
        )
        for code in sites:
            Site.objects.create(store=store, marketplace_id=code)
        return store

    def __enter__(self) -> Self:
        scope = tenant(self.agency.pk)
        scope.__enter__()
        self._open.append(scope)
        return self

    def __exit__(self, *error: object) -> None:
        self._open.pop().__exit__(*error)

    def url(self, path: str = "") -> str:
        return f"/{self.agency.slug}/{path}"

    def user(self, role: Role):
        return self.seats[role].user

"""One of everything an address can be about, for each store of an agency."""

import tempfile
from datetime import timedelta
from pathlib import Path

from allauth.usersessions.models import UserSession
from django.utils import timezone

from apps.accounts.actions.handing_over import VERB
from apps.accounts.actions.members import sign_off_access
from apps.accounts.models import ApiKey, FxRate, Invitation, Member, OwnRate, Store, Threshold
from apps.core import audit
from apps.core.models import Entry, Job, SavedView
from apps.core.permissions import STAFF_ROLES, Role
from apps.core.storage import documents
from apps.health.actions.coverage import recompute_store
from apps.health.actions.files import keep
from apps.health.models import (
    AlertChannel,
    AlertDelivery,
    AlertRule,
    Crisis,
    CrisisStep,
    Defect,
    HealthDay,
    Incident,
    Notice,
    NoticeFile,
    Offer,
    Paper,
    PaperRequest,
    PaperWaiver,
    Playbook,
)
from apps.inventory.actions import create_plans
from apps.inventory.models import Plan, PlanLine, Replenishment
from apps.sales.models import OrderLine
from apps.sync.actions import uploads
from apps.sync.models import (
    Connection,
    Destination,
    Run,
    Stream,
    Subscription,
    UnreadLetter,
    WebhookDelivery,
    WebhookEndpoint,
)
from tests.health.papers import pdf
from tests.inventory.lines import fill
from tests.world import World

FILE = Path(__file__).resolve().parents[1] / "documents" / "orders_us.txt"


class Goods:
    """`goods.things[name]` is what goes into an address; jobs and views are each member's own: `goods.own[name]`."""

    def __init__(self, world: World, store: Store, pool: str, currency: str) -> None:
        self.world, self.store, self.pool = world, store, pool
        self.now, self.owner = timezone.now(), world.seats[Role.OWNER]
        FxRate.objects.update_or_create(currency="CNY", valid_from="2020-01-01", defaults={"per_usd": "10"})
        with world:
            self.sku = fill(store, 2, pool=pool, currency=currency)[0].sku
            plan, asked = self._plan("draft"), self._plan("client")
            self.things = {
                "plan": plan.pk,
                "asked_plan": asked.pk,
                "plan_line": PlanLine.objects.filter(plan=plan).first().pk,
                "entry": Entry.objects.filter(store=store).latest("number").number,
                "order": self._order(),
                **self._health(),
                **self._papers(currency),
                **self._sync(),
                **self._house(),
                **self._alerts(),
            }
            self.own = {"job": self._jobs(), "view": self._views()}

    def _plan(self, state: str) -> Plan:
        plan = create_plans([self._line()], by=self.owner, at=self.now, title="May")[0]
        Plan.objects.filter(pk=plan.pk).update(state=state)
        return plan

    def _line(self) -> Replenishment:
        return Replenishment.objects.get(store=self.store, pool=self.pool, sku=self.sku)

    def count_on(self, number: int) -> None:
        """Write ledger entries until theirs are beyond `number`: an entry that another agency has not."""
        with self.world:
            while self.things["entry"] <= number:
                self._plan("draft")
                self.things["entry"] = Entry.objects.filter(store=self.store).latest("number").number
            self.things |= self._told(Member.objects.get(pk=self.things["member"]))

    def _order(self) -> str:
        number = f"{self.store.pk}-1234567-7654321"
        OrderLine.objects.create(
            store=self.store, order_id=number, sku=self.sku, marketplace_id=self.pool, purchased_at=self.now,
            purchased_on=self.now.date(), updated_at=self.now, as_of=self.now, status="Shipped", fulfilment="FBA",
            quantity=2, price=2000, promotion=100, tax=150, currency="USD",
        )  # fmt: skip
        return number

    def _health(self) -> dict:
        order = f"{self.store.pk}-7654321-1234567"
        Defect.objects.create(
            store=self.store, order_id=order, kind=Defect.Kind.CLAIM, marketplace_id=self.pool, programme="mfn",
            ordered_on=self.now.date(), reported_on=self.now.date(), as_of=self.now,
        )  # fmt: skip
        notice = Notice.objects.create(
            store=self.store, origin="file", key=order, kind=Notice.Kind.PERFORMANCE, marketplace=self.pool,
            subject="A notice", text="Answer within 3 days.", at=self.now, file=self._letter(loaded_at=self.now),
        )  # fmt: skip
        HealthDay.objects.create(
            store=self.store, marketplace_id=self.pool, metric="odr", programme="afn", date=self.now.date(), total=500,
            count=2, rate=4000, target=10_000, operator="lt", status="good", as_of=self.now,
            window_first=self.now.date() - timedelta(days=75), window_last=self.now.date() - timedelta(days=16),
        )  # fmt: skip
        return {"defect": order, "notice": notice.pk, "notice_file": self._letter().pk}

    def _letter(self, **more) -> NoticeFile:
        """A letter that was brought."""
        key = f"agency/{self.world.agency.pk}/notices/{self.store.pk}"
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "letter"
            path.write_text("Subject: A notice\nDate: 2026-03-01\n\nAnswer within 3 days.")
            documents().save(key, path)
        return NoticeFile.objects.create(
            store=self.store, form="text", name="letter.txt", path=key, digest="d", size=1, uploaded_at=self.now,
            uploaded_by=self.owner, **more,
        )  # fmt: skip

    def _papers(self, currency: str) -> dict:
        """A draft with a file, a request, a waiver that waits, and coverage of the SKU."""
        Offer.objects.create(
            store=self.store, marketplace_id=self.pool, sku=self.sku, currency=currency, told_at=self.now
        )
        of = {"store": self.store, "kind": "lucid"}
        paper = Paper.objects.create(scope="all", created_at=self.now, updated_at=self.now, **of)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "paper"
            path.write_bytes(pdf("Nothing to read"))
            file = keep(paper, "document", path, name="paper.pdf", by=self.owner, at=self.now)
        asked = PaperRequest.objects.create(asked_at=self.now, **of)
        waiver = PaperWaiver.objects.create(
            store=self.store, sku=self.sku, rule="de-packaging", reason="None", asked_at=self.now
        )
        recompute_store(self.store.pk, at=self.now)
        return {"paper": paper.pk, "paper_file": file.pk, "asked_paper": asked.pk, "waiver": waiver.pk}

    def _sync(self) -> dict:
        door, _ = Connection.objects.get_or_create(
            store=self.store, kind="sp_api", defaults={"authorised_at": self.now}
        )
        stream = Stream.objects.create(connection=door, store=self.store, dataset="orders", every=3600, promise=7200)
        window = {"since": self.now - timedelta(days=1), "until": self.now, "due_at": self.now}
        run = Run.objects.create(stream=stream, store=self.store, slot="manual:1", state=Run.State.DEAD, **window)
        files = uploads.door_of(self.store, by=self.owner, at=self.now)
        kept = uploads.stage(self.store, files, FILE, name="orders_us.txt", by=self.owner, at=self.now)
        self._subscribed(door)
        return {"connection": door.pk, "stream": stream.pk, "run": run.pk, "document": kept.pk}

    def _subscribed(self, door: Connection) -> None:
        """Notifications in every state a page shows: one type subscribed, one not, a problem, an unreadable message."""
        place = Destination.objects.create(
            store=self.store, connection=door, queue="arn:aws:sqs:us-east-1:123456789012:demo", bus_account="123456789012",
            bus_region="us-east-1", checked_at=self.now, due_at=self.now + timedelta(days=1),
            problem="createSubscription: HTTP 403", problem_kind="needs_owner",
        )  # fmt: skip
        Subscription.objects.create(
            store=self.store, connection=door, type="ACCOUNT_STATUS_CHANGED", number=f"sub-{self.store.pk}",
            destination="queue", created_at=self.now, heard_at=self.now, lost_at=self.now,
        )  # fmt: skip
        UnreadLetter.objects.create(
            destination=place, store=self.store, number="1", body="{", reason="no JSON", came_at=self.now
        )

    def _house(self) -> dict:
        until = self.now + timedelta(days=1)
        spare = Member.objects.create(user=self._person("spare"), role=Role.JUNIOR)
        program = Member.objects.create(name="ERP", scopes=["stores:read"])
        key = ApiKey.objects.create(
            member=program, prefix=f"k{program.pk.hex[:20]}", digest="x", created_at=self.now, expires_at=until
        )
        offer = Invitation.objects.create(
            email=f"new-{self.store.pk}@example.com", role=Role.JUNIOR, digest=f"d{self.store.pk}",
            invited_by=self.owner, created_at=self.now, expires_at=until,
        )  # fmt: skip
        hook = WebhookEndpoint.objects.create(url="https://hooks.example.com/", secret="", created_by=self.owner)
        told = WebhookDelivery.objects.create(
            endpoint=hook, event="plan.approved", payload={}, state="dead", due_at=self.now
        )
        session = UserSession.objects.create(user=spare.user, session_key=f"s{self.store.pk}", ip="192.0.2.1")
        rate, _ = OwnRate.objects.get_or_create(currency="CNY", valid_from="2020-01-01", defaults={"per_usd": "10"})
        threshold = Threshold.objects.create(metric="cover", marketplace=self.pool, value=7)
        return {
            "member": spare.pk, "key": key.pk, "invitation": offer.pk, "client": self.store.client_id,
            "webhook": hook.pk, "delivery": told.pk, "session": session.pk, "threshold": threshold.pk, "own_rate": rate.pk, **self._told(spare),
        }  # fmt: skip

    def _told(self, spare: Member) -> dict:
        """Entries of the ledger that have pages of their own."""
        sign_off_access(note="", by=self.owner, at=self.now)
        review = Entry.objects.latest("number").number
        given = {"who": str(self.owner), "to": str(self.owner.pk), "given": {}}
        handed = audit.record(VERB, spare, by=self.owner, at=self.now, before={"who": str(spare)}, after=given)
        return {"access_review": review, "handed": handed.number}

    def _alerts(self) -> dict:
        rule = AlertRule.objects.create(
            name="ODR", fact="health", metric="odr", condition="band", steps=[[60, "store"]], stores=[self.store.pk]
        )
        channel = AlertChannel.objects.create(kind="email", name="Mail")
        incident = Incident.objects.create(
            number=1000 + self.store.pk, store=self.store, marketplace=self.pool, cause="odr", day=self.now.date(),
            rule=rule, opened_at=self.now, changed_at=self.now,
        )  # fmt: skip
        message = AlertDelivery.objects.create(
            key=f"k{self.store.pk}", incident=incident, channel=channel, event="opened", state="dead", due_at=self.now
        )
        book = Playbook.objects.create(name_en=f"Book {self.store.pk}")
        crisis = Crisis.objects.create(
            number=1000 + self.store.pk, playbook=book, incident=incident, store=self.store, started_at=self.now
        )
        step = self._step(crisis)
        things = {"crisis": crisis.number, "crisis_step": step.pk, "playbook": book.pk}
        things |= {"alert_rule": rule.pk, "alert_channel": channel.pk, "alert_message": message.pk}
        return things | {"incident": incident.number}

    def _step(self, crisis: Crisis) -> CrisisStep:
        key = f"agency/{self.world.agency.pk}/crises/{self.store.pk}"
        documents().save(key, FILE)
        proof = {"path": key, "name": "proof.txt", "digest": "", "size": 1}
        return CrisisStep.objects.create(crisis=crisis, position=1, en="Write", files=[proof])

    def _person(self, name: str):
        from tests.factories import UserFactory

        return UserFactory(email=f"{name}-{self.store.slug}-{self.world.name}@example.com")

    def _jobs(self) -> dict:
        documents().save(f"agency/{self.world.agency.pk}/export-{self.store.pk}.csv", FILE)
        fields = {"kind": "replenishment.export", "title": "Export", "state": Job.State.DONE, "finished_at": self.now}
        fields |= {"file": f"agency/{self.world.agency.pk}/export-{self.store.pk}.csv", "file_name": "export.csv"}
        return {role: Job.objects.create(by=self.world.seats[role], **fields).pk for role in STAFF_ROLES}

    def _views(self) -> dict:
        fields = {"page": "plans", "name": self.store.slug, "query": "status=draft"}
        return {role: SavedView.objects.create(member=self.world.seats[role], **fields).pk for role in STAFF_ROLES}

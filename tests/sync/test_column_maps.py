"""A file nobody knows: a person says once which column is what, and it is read that way from then on."""

from io import BytesIO

import pytest
import xlsxwriter
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone, translation

from apps.core.models import Entry
from apps.core.permissions import Role
from apps.core.storage import documents as storage
from apps.inventory.models import OwnStock
from apps.sync import actions
from apps.sync.actions import column_maps
from apps.sync.models import ColumnMap, Run, StoredDocument
from tests.core.test_rest import Api, key_for

EXPORT = "库存品号,中文名,所在仓,可发数,占用数\nMUG-1,杯子,深圳仓,120,8\nBOWL-2,碗,义乌仓,45,\n"
NAMED = {"sku": "库存品号", "warehouse": "所在仓", "available": "可发数", "reserved": "占用数"}
UNKNOWN = "No known kind of file has these columns."


@pytest.fixture
def acme(transactional_db):
    from tests.world import World

    return World("acme")


@pytest.fixture
def owner(acme, client):
    client.force_login(acme.user(Role.OWNER))
    return client


def file(content, name="export.csv"):
    return SimpleUploadedFile(name, content.encode() if isinstance(content, str) else content)


def workbook():
    made = BytesIO()
    with xlsxwriter.Workbook(made) as book:
        sheet = book.add_worksheet()
        for number, line in enumerate(EXPORT.splitlines()):
            sheet.write_row(number, 0, line.split(","))
    return made.getvalue()


def staged(acme, client, content=EXPORT, name="export.csv"):
    answer = client.post(acme.url("sync/imports/new/"), {"store": "north", "file": file(content, name)})
    assert answer.status_code == 302, answer.content.decode()
    return answer["Location"]


def say(client, at, kind="own_stock", **columns):
    return client.post(f"{at}columns/", {"kind": kind} | {f"column-{name}": cell for name, cell in columns.items()})


def loaded(acme, client, at, kind="own_stock"):
    answer = client.post(at, {"kind": kind})
    assert answer.status_code == 302, answer.content.decode()
    with acme:
        run = Run.objects.get(pk=answer["Location"].rstrip("/").rpartition("/")[2])
    return done(acme, run)


def done(acme, run):
    actions.run(run.pk, agency_id=acme.agency.pk)
    with acme:
        return Run.objects.get(pk=run.pk)


def counts(acme):
    with acme:
        rows = OwnStock.objects.values_list("sku", "warehouse", "available", "reserved")
        return sorted(rows)


WANTED = [("BOWL-2", "义乌仓", 45, 0), ("MUG-1", "深圳仓", 120, 8)]


@pytest.mark.parametrize("content", [EXPORT, workbook()], ids=["csv", "xlsx"])
def test_from_unknown_columns_to_facts(acme, owner, content):
    at = staged(acme, owner, content, "export.csv" if content is EXPORT else "export.xlsx")
    page = owner.get(at).content.decode()
    assert UNKNOWN in page
    assert f'href="{at}columns/' in page
    form = owner.get(f"{at}columns/?kind=own_stock").content.decode()
    assert all(f">{cell}</option>" in form for cell in EXPORT.partition("\n")[0].split(","))
    assert say(owner, at, **NAMED)["Location"] == at
    preview = owner.get(at).content.decode()
    assert UNKNOWN not in preview
    assert "库存品号 → sku" in preview
    assert "深圳仓" in preview
    assert loaded(acme, owner, at).state == "done"
    assert counts(acme) == WANTED
    with acme:
        kept = StoredDocument.objects.get()
        assert kept.columns == NAMED, "which was used stays with the file"
        raw = content if isinstance(content, bytes) else content.encode()
        assert storage().open(kept.path).read() == raw, "the file stays as it came"
        entry = Entry.objects.get(verb="import.map")
        assert (entry.by, entry.after) == (acme.seats[Role.OWNER], {"dataset": "own_stock", "columns": NAMED})


def test_the_next_file_with_these_columns_is_known_also_one_of_a_program(acme, owner):
    say(owner, staged(acme, owner), **NAMED)
    turned = "可发数,占用数,库存品号,所在仓,中文名\n9,1,PAN-3,深圳仓,锅\n"
    assert "PAN-3" in owner.get(staged(acme, owner, turned, "next.csv")).content.decode()
    api = Api(key_for(acme, "documents:write", "stores:all"))
    body = {"store": "north", "file": file(turned, "third.csv")}
    answer = api.post("/api/v1/documents", body, headers={"Idempotency-Key": "one"})
    assert answer.status_code == 202, answer.content
    with acme:
        run = Run.objects.get(pk=answer.json()["id"])
    assert done(acme, run).state == "done"
    assert counts(acme) == [("PAN-3", "深圳仓", 9, 1)]
    told = api.get("/api/v1/documents").json()["items"]
    assert NAMED in [each["columns"] for each in told]


def test_a_program_that_brings_what_nobody_has_named_is_told(acme):
    api = Api(key_for(acme, "documents:write", "stores:all"))
    body = {"store": "north", "file": file(EXPORT)}
    answer = api.post("/api/v1/documents", body, headers={"Idempotency-Key": "one"})
    assert (answer.status_code, answer.json()["detail"]) == (422, UNKNOWN)


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        ("Item SKU,Depot,Available qty,Reserved qty", "own_stock"),
        ("SKU no.,Purchase cost per unit,Currency", "costs"),
        ("amazon-order-id,purchase-date,order-status,seller SKU ref,quantity,item-price,currency", "orders"),
        ("商品编码号,头程运费(元),币种,采购成本价", "costs"),
        ("SKU no.,Unit cost,Quantity", "costs"),
        ("Title,Brand,Supplier", "products"),
        ("Order no.,Order ID,Delivered on", "deliveries"),
        ("xx,yy,zz", "orders"),
    ],
    ids=["stock", "costs", "orders", "chinese", "what is needed", "products", "deliveries", "nothing known"],
)
def test_the_likeliest_kind_is_offered_first(acme, owner, header, kind):
    at = staged(acme, owner, f"{header}\n{','.join('x' for _ in header.split(','))}\n")
    assert owner.get(f"{at}columns/").context["kind"] == kind
    assert owner.get(f"{at}columns/?kind=listings").context["kind"] == "listings", "who chooses has the last word"


def test_what_was_said_later_changes_no_file_that_was_loaded(acme, owner):
    at = staged(acme, owner)
    say(owner, at, **NAMED)
    run = loaded(acme, owner, at)
    say(owner, staged(acme, owner, name="other.csv"), **NAMED | {"available": "占用数", "reserved": "可发数"})
    with acme:
        StoredDocument.objects.filter(run=run).update(applied_at=None)
        OwnStock.objects.all().delete()
        assert actions.replay(run.pk, by=acme.seats[Role.OWNER], at=timezone.now())
    assert done(acme, run).state == "done"
    assert counts(acme) == WANTED


def test_another_agency_knows_nothing_of_it(acme, owner, client):
    from tests.world import World

    say(owner, staged(acme, owner), **NAMED)
    zeta = World("zeta")
    client.force_login(zeta.user(Role.OWNER))
    assert UNKNOWN in client.get(staged(zeta, client)).content.decode()
    with zeta:
        assert not ColumnMap.objects.exists()


@pytest.mark.parametrize(
    ("columns", "why"),
    [
        ({"sku": "库存品号"}, "required"),
        (NAMED | {"reserved": "可发数"}, "One column cannot be two things: 可发数."),
        (NAMED | {"available": "nowhere"}, "not one of the available choices"),
    ],
    ids=["lacking", "twice", "unknown"],
)
def test_what_makes_no_sense_is_refused(acme, owner, columns, why):
    at = staged(acme, owner)
    answer = say(owner, at, **columns)
    assert answer.status_code == 422
    assert why in answer.content.decode()
    with acme:
        assert not ColumnMap.objects.exists()


def test_who_may_bring_costs_only_names_columns_of_costs_only(acme, owner, client):
    say(owner, staged(acme, owner), **NAMED)
    roles = [r for r in Role if acme.seats[r].can("import_costs") and not acme.seats[r].can("import")]
    for role in roles:
        client.force_login(acme.user(role))
        mine = staged(acme, client, "货号,价,币\nMUG-1,5,CNY\n", f"{role}.csv")
        page = client.get(f"{mine}columns/").content.decode()
        assert 'value="costs"' in page
        assert 'value="own_stock"' not in page
        theirs = staged(acme, client, name=f"{role}-stock.csv")
        assert say(client, theirs, "costs", sku="库存品号").status_code == 403
    assert roles


def test_a_client_may_leave_such_a_file_and_sees_nothing_of_what_was_said(acme, owner, client):
    say(owner, staged(acme, owner), **NAMED)
    client.force_login(acme.user(Role.CLIENT))
    answer = client.post(f"/portal/{acme.agency.slug}/files/", {"store": "north", "file": file(EXPORT, "mine.csv")})
    assert answer.status_code == 302
    client.force_login(acme.user(Role.OWNER))
    with acme:
        kept = StoredDocument.objects.get(name="mine.csv")
    assert (kept.quarantine, kept.columns) == (UNKNOWN, {})
    assert "库存品号 → sku" in client.get(acme.url(f"sync/imports/{kept.pk}/")).content.decode()


def test_columns_are_headed_in_the_readers_language(acme, owner):
    at = staged(acme, owner)
    page = owner.get(f"{at}columns/?kind=own_stock").content.decode()
    assert ">available" in page
    with translation.override("zh-hans"):
        from apps.sync.forms import ColumnsForm
        from apps.sync.reading.kinds import BY_KEY

        form = ColumnsForm(report=BY_KEY["own_stock"], header=("a",))
        assert form.fields["available"].label == "可用"


def test_the_same_columns_in_another_order_have_one_digest():
    assert column_maps.digest_of(("A b", "c")) == column_maps.digest_of(("C", "a-B"))
    assert column_maps.digest_of(("a", "b")) != column_maps.digest_of(("a", "b", "c"))

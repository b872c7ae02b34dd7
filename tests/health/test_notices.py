"""Notices by the other doors: by hand, out of letters and tables, by the API. Nothing of a buyer is kept anywhere."""

import json
from datetime import date, timedelta
from email.message import EmailMessage
from io import BytesIO

import pytest
import xlsxwriter
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import StoreGrant
from apps.core.models import Entry, Finding
from apps.core.permissions import Role
from apps.core.storage import documents
from apps.health.domain.letters import case_of, days_of, hints, kind_of, orders_in, without_buyers
from apps.health.domain.mail import NoLetter, letter_of_mail, letter_of_text
from apps.health.models import Notice, NoticeFile
from tests.core.test_rest import Api, key_for

TODAY = timezone.localdate
BODY = """Hello,

We removed your listing because of a complaint about intellectual property.
Complaint ID: 9876543210
ASIN: B0ABCDEFGH
Seller SKU: LAMP-01
Order 113-1234567-7654321
Buyer name: Max Mustermann
Write to max.mustermann@example.com or x7@marketplace.amazon.de; we are seller-performance@amazon.de.
Please reply within 72 hours.
"""


def mail(
    body: str = BODY, *, html: str = "", ident: str = "<n-1@amazon.de>", subject="Fwd: Policy warning", **more
) -> bytes:
    letter = EmailMessage()
    letter["From"] = "Amazon <seller-performance@amazon.de>"
    letter["To"] = "shop@example.com"
    letter["Subject"] = subject
    letter["Date"] = more.get("date", "Sun, 01 Mar 2026 22:30:00 -0800")
    if ident:
        letter["Message-ID"] = ident
    letter.set_content(body)
    if html:
        letter.add_alternative(html, subtype="html")
    return letter.as_bytes()


def as_(world, role: Role = Role.OWNER) -> Client:
    client = Client()
    client.force_login(world.user(role))
    return client


def bring(client, world, content: bytes, name: str, *, store="north"):
    """The answer to an upload."""
    file = SimpleUploadedFile(name, content)
    return client.post(world.url("health/notices/import/"), {"store": store, "file": file})


def brought(client, world, content: bytes, name: str, *, store="north") -> str:
    """Upload it; the address of its preview."""
    answer = bring(client, world, content, name, store=store)
    assert answer.status_code == 302, answer.content.decode()
    return answer["Location"]


def kept(world) -> list[Notice]:
    with world:
        return list(Notice.objects.order_by("at", "subject"))


# -- what words suggest


@pytest.mark.parametrize(
    ("subject", "kind"),
    [
        ("Your Amazon selling account has been deactivated", "account_status"),
        ("您的亚马逊卖家账户已被停用", "account_status"),
        ("Ihr Verkäuferkonto wurde deaktiviert", "account_status"),
        ("アカウント停止のお知らせ", "account_status"),
        ("Your listing has been deactivated", "listing_issue"),
        ("商品已下架通知", "listing_issue"),
        ("Notice: Policy Warning", "policy"),
        ("知识产权侵权投诉", "policy"),
        ("Infracción de propiedad intelectual", "policy"),
        ("请提供发票等文件", "documents"),
        ("Documents requested for your account", "documents"),
        ("Your order defect rate is above the target", "performance"),
        ("Something else", "performance"),
    ],
)
def test_the_kind_is_guessed_from_the_words_of_the_subject(subject, kind):
    assert kind_of(subject) == kind


def test_numbers_and_days_are_found_in_several_languages():
    assert [days_of(each) for each in ("within 72 hours", "请在 3 天内回复", "innerhalb von 7 Tagen", "sous 10 jours")] == [
        3, 3, 7, 10,
    ]  # fmt: skip
    assert days_of("soon") is None
    assert case_of("案件编号：1234567") == "1234567"
    assert orders_in("113-1234567-7654321, 113-1234567-7654321") == ["113-1234567-7654321"]
    found = hints("x", BODY, "a@amazon.de")
    assert (found.sku, found.asin, found.case_id, found.days, found.domains) == (
        "LAMP-01", "B0ABCDEFGH", "9876543210", 3, ("amazon.de",),
    )  # fmt: skip


def test_what_is_a_buyers_is_struck_and_what_is_amazons_stays():
    text = without_buyers(f"{BODY}\n买家姓名：张三\n收件人：李四\nOur customer said no.")
    assert not [each for each in ("Mustermann", "example.com", "marketplace.amazon", "张三", "李四") if each in text]
    assert "seller-performance@amazon.de" in text
    assert "Our customer said no." in text
    assert without_buyers(text) == text


def test_a_letter_is_read_from_html_from_an_inner_mail_and_from_copied_text():
    html = letter_of_mail(
        b"From: a@amazon.com\nSubject: =?utf-8?B?5L6150+h?=\nContent-Type: text/html; charset=utf-8\n\n"
        b"<style>p{}</style><p>One</p><script>no()</script><p>Two &amp; three</p>"
    )
    assert html.text == "One\n\nTwo & three"
    outer = EmailMessage()
    outer["Subject"] = "see below"
    outer.set_content("I forward this")
    outer.add_attachment(letter_of_bytes(mail()))
    assert letter_of_mail(outer.as_bytes()).subject == "Policy warning"
    copied = letter_of_text(
        "主题：转发: 侵权通知\n发件人：Amazon\n发送时间：2026年3月1日 14:05\n\n您好\n案件编号：1234567"
    )
    assert (copied.subject, copied.at.isoformat(), copied.text) == (
        "侵权通知", "2026-03-01T14:05:00+00:00", "您好\n案件编号：1234567",
    )  # fmt: skip
    with pytest.raises(NoLetter):
        letter_of_text(" \n ")


def letter_of_bytes(content: bytes):
    from email import message_from_bytes, policy

    return message_from_bytes(content, policy=policy.default)


# -- by hand


def test_a_notice_is_written_down_by_hand_and_read_in_its_page(acme):
    owner = as_(acme)
    words = {
        "store": "north", "marketplace": "US", "subject": "Documents requested", "text": "Send the invoice to a@b.com",
        "at": "2026-03-01T10:00", "due": "2026-03-05", "sku": "S1", "asin": "b0abcdefgh", "case_id": "C-1",
    }  # fmt: skip
    assert "New notice" in owner.get(acme.url("health/notices/new/")).content.decode()
    made = owner.post(acme.url("health/notices/new/"), words)
    assert made.status_code == 302
    page = owner.get(made["Location"]).content.decode()
    assert "Send the invoice to […]" in page
    assert "a@b.com" not in page
    notice = kept(acme)[0]
    assert (notice.kind, notice.origin, notice.asin, notice.case_id) == ("documents", "person", "B0ABCDEFGH", "C-1")
    with acme:
        assert Entry.objects.filter(verb="notice.create", target=str(notice.pk)).exists()


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"marketplace": "DE"}, "does not sell on DE"),
        ({"subject": ""}, "required"),
        ({"at": "2199-01-01T00:00"}, "in the future"),
        ({"store": "europe"}, "valid choice"),
    ],
)
def test_what_cannot_be_is_refused_with_its_reason_and_nothing_is_kept(acme, changed, said):
    with acme:  # so that DE may be chosen at all
        StoreGrant.objects.create(member=acme.seats[Role.JUNIOR], store=acme.other_store)
        if "store" in changed:
            StoreGrant.objects.filter(store=acme.other_store).delete()
    words = {"store": "north", "marketplace": "US", "subject": "x", "at": "2026-03-01T10:00"} | changed
    answer = as_(acme, Role.JUNIOR).post(acme.url("health/notices/new/"), words)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not kept(acme)


# -- out of an e-mail


def test_a_letter_is_looked_at_corrected_and_kept_once(acme):
    owner = as_(acme)
    preview = brought(owner, acme, mail(), "notice.eml", store="europe")
    page = owner.get(preview).content.decode()
    assert 'value="Policy warning"' in page  # without what the forwarding put in front
    assert "9876543210" in page
    assert 'value="DE" selected' in page  # the letter names amazon.de
    assert "Mustermann" not in page
    assert not kept(acme), "looking makes nothing"
    words = {
        "kind": "listing_issue",
        "marketplace": "DE",
        "subject": "Mine",
        "at": "2026-03-02T06:30",
        "sku": "LAMP-01",
    }
    assert owner.post(preview, words | {"marketplace": "US"}).status_code == 422
    made = owner.post(preview, words)
    page = owner.get(made["Location"]).content.decode()
    assert "We removed your listing" in page
    notice = kept(acme)[0]
    assert (notice.kind, notice.subject, notice.key, notice.origin) == (
        "listing_issue",
        "Mine",
        "<n-1@amazon.de>",
        "file",
    )
    again = brought(owner, acme, mail(), "again.eml", store="europe")
    assert "among the notices already" in owner.get(again).content.decode()
    owner.post(again, words)
    assert len(kept(acme)) == 1
    assert owner.post(preview, words).status_code == 302, "who presses twice comes to what there is"
    assert len(kept(acme)) == 1


def test_the_original_is_kept_by_its_hash_and_without_a_buyer(acme):
    owner = as_(acme)
    clean = mail("Your account is in order.", ident="<n-2@amazon.de>")
    for content in (clean, mail()):
        preview = brought(owner, acme, content, "n.eml")
        owner.post(preview, {"kind": "policy", "subject": "x", "at": "2026-03-02T06:30"})
    with acme:
        first, second = NoticeFile.objects.order_by("uploaded_at")
        assert (first.struck, second.struck) == (False, True)
        assert documents().open(first.path).read() == clean
        copy = documents().open(second.path).read()
        assert b"Mustermann" not in copy
        assert b"example.com" not in copy
        assert letter_of_mail(copy).message_id == "<n-1@amazon.de>"
        for text in Notice.objects.values_list("text", flat=True):
            assert "Mustermann" not in text
        notice = Notice.objects.get(file=first)
    answer = owner.get(acme.url(f"health/notices/{notice.pk}/file/"))
    assert b"".join(answer.streaming_content) == clean
    assert "attachment" in answer["Content-Disposition"]


def test_copied_text_without_a_day_asks_for_one(acme):
    owner = as_(acme)
    at = acme.url("health/notices/import/")
    assert owner.post(at, {"store": "north"}).status_code == 422
    made = owner.post(at, {"store": "north", "text": "Subject: Listing removed\n\nASIN B0ABCDEFGH is gone."})
    page = owner.get(made["Location"]).content.decode()
    assert "names no day" in page
    assert 'value="B0ABCDEFGH"' in page


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        (b"", "a.eml", "empty"),
        (b"   \n", "a.txt", "empty"),
        (b"%PDF-1.7 ...", "a.pdf", "This is a PDF"),
        (b"\xd0\xcf\x11\xe0rest", "a.msg", "Outlook"),
        (b"PK\x03\x04broken", "a.xlsx", "broken"),
        (b"\x00\x01\x02\x03", "a.bin", "no e-mail, text or table"),
        (b"just words", "a.eml", "no e-mail"),
        ("标题,正文\nx,y\n".encode(), "a.csv", "received"),
        (b"subject,received at\n", "a.csv", "no line below"),
    ],
)
def test_bad_files_say_what_is_wrong_and_nothing_is_kept(acme, content, name, said):
    answer = bring(as_(acme), acme, content, name)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    with acme:
        assert not NoticeFile.objects.exists()
    assert not kept(acme)


# -- out of a table

ENGLISH = (
    "Subject,Message,Kind,Marketplace,SKU,ASIN,Case ID,Received at,Due date\r\n"
    'Listing removed,"First line\nsecond, line",,US,S1,,,2026-03-01 09:00,\r\n'
    "Documents requested,Within 5 days please,Policy violation,CA,,B0ABCDEFGH,C-7,2026-03-02,2026-03-09\r\n"
    'Listing removed,"First line\nsecond, line",,US,S1,,,2026-03-01 09:00,\r\n'
)


def test_a_table_in_english_becomes_notices_each_once(acme):
    owner = as_(acme)
    preview = brought(owner, acme, ENGLISH.encode(), "notices.csv")
    page = owner.get(preview).content.decode()
    assert "1 line says the same" in page
    owner.post(preview)
    first, second = kept(acme)
    assert (first.subject, first.kind, first.marketplace, first.text) == (
        "Listing removed", "listing_issue", "US", "First line\nsecond, line",
    )  # fmt: skip
    assert first.at.isoformat() == "2026-03-01T17:00:00+00:00", "read on the site's own clock"
    assert (second.kind, second.due, second.case_id) == ("policy", date(2026, 3, 9), "C-7")
    again = brought(owner, acme, ENGLISH.encode(), "notices.csv")
    assert "2 are notices already" in owner.get(again).content.decode()
    owner.post(again)
    assert len(kept(acme)) == 2


def test_a_workbook_in_chinese_is_read_and_keeps_nothing_of_a_buyer(acme):
    file = BytesIO()
    book = xlsxwriter.Workbook(file)
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, ["主题", "内容", "类型", "站点", "收到时间", "截止日期", "案件编号"])
    sheet.write_row(1, 0, ["侵权投诉", "买家姓名：张三 请在 3 天内回复", "", "US", "2026-03-01 09:00", "", "1234567"])
    sheet.write_row(2, 0, ["绩效提醒", "a@b.com", "绩效通知", "", "2026/03/02", "2026-03-08", ""])
    book.close()
    owner = as_(acme)
    preview = brought(owner, acme, file.getvalue(), "通知.xlsx")
    assert "taken out" in owner.get(preview).content.decode()
    owner.post(preview)
    first, second = kept(acme)
    assert (first.kind, first.case_id, second.kind, second.marketplace) == ("policy", "1234567", "performance", "")
    with acme:
        held = documents().open(NoticeFile.objects.get().path).read().decode("utf-8-sig")
    assert "张三" not in held + first.text
    assert "a@b.com" not in held + second.text
    owner.post(brought(owner, acme, file.getvalue(), "通知.xlsx"))
    assert len(kept(acme)) == 2, "the same table again makes nothing, though a copy was kept"


def test_one_faulty_line_and_nothing_is_loaded(acme):
    rows = [
        "subject,at,due,site,kind", "fine,2026-03-01,,US,", ",2026-03-01,,,", "x,yesterday,,,", "x,2026-03-01,soon,,",
        "x,2026-03-01,,DE,", "x,2026-03-01,,,nonsense",
    ]  # fmt: skip
    owner = as_(acme)
    preview = brought(owner, acme, "\n".join(rows).encode(), "n.csv")
    page = owner.get(preview).content.decode()
    for said in ("must not be empty", "yesterday", "soon", "not a site of this store", "nonsense", "5 faults"):
        assert said in page
    for line in (3, 4, 5, 6, 7):
        assert f'<td class="n">{line}</td>' in page
    refused = owner.post(preview)
    assert refused.status_code == 422
    assert not kept(acme)
    discarded = owner.post(f"{preview}discard/")
    assert discarded.status_code == 302
    with acme:
        assert not NoticeFile.objects.exists()
        assert Entry.objects.filter(verb="notice.discard").exists()


def test_who_sees_one_site_brings_and_reads_that_site_only(acme):
    with acme:
        StoreGrant.objects.filter(member=acme.seats[Role.JUNIOR]).update(marketplace="CA")
    owner, junior = as_(acme), as_(acme, Role.JUNIOR)
    preview = brought(owner, acme, ENGLISH.encode(), "notices.csv")
    assert junior.get(preview).status_code == 404
    owner.post(preview)
    us, ca = kept(acme)
    assert junior.get(acme.url(f"health/notices/{us.pk}/")).status_code == 404
    page = junior.get(acme.url(f"health/notices/{ca.pk}/")).content.decode()
    assert "notices.csv" not in page, "the table holds what the junior may not see"
    assert junior.get(acme.url(f"health/notices/{ca.pk}/file/")).status_code == 404
    assert owner.get(acme.url(f"health/notices/{ca.pk}/file/")).status_code == 200
    mine = brought(junior, acme, b"subject,at,site\nx,2026-03-01,US\n", "n.csv")
    assert "not a site of this store that you may see" in junior.get(mine).content.decode()


# -- answers and days


def test_each_answer_is_in_the_ledger_and_on_the_page(acme):
    owner = as_(acme)
    with acme:
        notice = Notice.objects.create(
            store=acme.store, origin="person", key="1", kind="policy", subject="x", at=timezone.now()
        )
    at = acme.url(f"health/notices/{notice.pk}/save/")
    words = {"kind": "documents", "state": "doing", "case_id": "C-9"}
    owner.post(at, words | {"answer": "first words"})
    owner.post(at, words | {"answer": "second words", "state": "done"})
    page = owner.get(acme.url(f"health/notices/{notice.pk}/")).content.decode()
    assert "Answers so far" in page
    assert "first words" in page
    assert "second words" in page
    notice = kept(acme)[0]
    assert (notice.kind, notice.case_id, notice.answer_state) == ("documents", "C-9", "given")
    with acme:
        told = Entry.objects.filter(verb="notice.work", target=str(notice.pk)).order_by("number")
        assert [entry.after["answer"] for entry in told] == ["first words", "second words"]
    assert "Answered" in owner.get(acme.url("health/notices/")).content.decode()


def test_an_answer_that_is_due_is_a_finding_of_its_owner_until_it_is_given(acme):
    owner, junior = as_(acme), acme.seats[Role.JUNIOR]
    words = {
        "store": "north", "subject": "Late", "kind": "policy", "at": "2026-03-01T10:00", "owner": str(junior.pk),
        "due": (TODAY() - timedelta(days=1)).isoformat(),
    }  # fmt: skip
    owner.post(acme.url("health/notices/new/"), words)
    owner.post(acme.url("health/notices/new/"), words | {"due": (TODAY() + timedelta(days=9)).isoformat()})
    with acme:
        finding = Finding.objects.get(kind="notice-due")
        assert (finding.assigned, finding.detail["days"]) == (junior, 0)
        late = Notice.objects.get(due__lt=TODAY())
    assert "was to be answered by" in owner.get(acme.url("inbox/")).content.decode()
    at = acme.url(f"health/notices/{late.pk}/save/")
    owner.post(at, {"kind": "policy", "state": "todo", "due": late.due, "owner": str(acme.seats[Role.SENIOR].pk)})
    with acme:
        assert Finding.objects.get(kind="notice-due").assigned == acme.seats[Role.SENIOR]
    owner.post(at, {"kind": "policy", "state": "done", "due": late.due, "answer": "sent"})
    with acme:
        assert Finding.objects.get(kind="notice-due").state == "recovered"


def test_a_day_stays_in_its_field_in_either_language(acme):
    """A date field takes 2026-03-05 only: another order of it would show an empty field, and saving would forget it."""
    owner = as_(acme)
    words = {"store": "north", "subject": "Late", "kind": "policy", "at": "2026-03-01T10:00", "due": "2026-03-05"}
    owner.post(acme.url("health/notices/new/"), words)
    with acme:
        at = acme.url(f"health/notices/{Notice.objects.get().pk}/")
    person = acme.user(Role.OWNER)
    for person.language in ("en", "zh-hans"):
        person.save()
        assert 'value="2026-03-05"' in owner.get(at).content.decode()


def test_the_client_sees_the_answer_and_neither_text_nor_document(acme):
    owner = as_(acme)
    preview = brought(owner, acme, mail("A secret remark of ours.", ident="<n-9@amazon.de>"), "n.eml")
    made = owner.post(preview, {"kind": "policy", "subject": "For the client", "at": "2026-03-02T06:30"})
    pk = made["Location"].rstrip("/").rsplit("/", 1)[1]
    owner.post(acme.url(f"health/notices/{pk}/save/"), {"kind": "policy", "state": "done", "answer": "We answered."})
    page = as_(acme, Role.CLIENT).get(reverse("portal-health", kwargs={"agency": acme.agency.slug})).content.decode()
    assert "For the client" in page
    assert "We answered." in page
    assert "secret remark" not in page


def test_a_notice_takes_as_many_queries_for_any_number_of_answers(acme):
    owner = as_(acme)
    with acme:
        notice = Notice.objects.create(store=acme.store, origin="person", key="1", kind="policy", at=timezone.now())
    at = acme.url(f"health/notices/{notice.pk}/")
    counts = []
    for n in range(3):
        owner.post(f"{at}save/", {"kind": "policy", "state": "doing", "answer": f"words {n}"})
        owner.get(at)
        with CaptureQueriesContext(connection) as seen:
            owner.get(at)
        counts.append(len(seen))
    assert counts[0] == counts[2]


# -- by the API


def post(api, body, key) -> tuple[int, dict]:
    answer = api.post("/api/v1/notices", json.dumps(body), "application/json", headers={"Idempotency-Key": key})
    return answer.status_code, answer.json()


def test_a_program_brings_a_notice_once(acme):
    api = Api(key_for(acme, "health:write", "stores:all"))
    body = {
        "store": "north", "marketplace": "us", "at": "2026-03-01T10:00:00Z", "subject": "Trademark complaint",
        "text": "Buyer: Max", "reference": "erp-1", "due": "2026-03-08",
    }  # fmt: skip
    status, made = post(api, body, "k1")
    assert (status, made["kind"], made["text"], made["origin"]) == (201, "policy", "Buyer: […]", "program")
    assert post(api, body, "k1") == (201, made), "the same call again"
    assert post(api, body, "k2")[0] == 200, "the same reference in another call"
    assert post(api, body | {"subject": "Other"}, "k1")[0] == 422, "the same key for something else"
    assert api.post("/api/v1/notices", json.dumps(body), "application/json").status_code == 400
    assert len(kept(acme)) == 1
    for wrong in ({"store": "far"}, {"marketplace": "DE"}):
        assert post(api, body | wrong | {"reference": "erp-2"}, f"k-{wrong}")[0] == 422
    assert post(api, {"store": "north"}, "k5")[0] == 400
    assert post(Api(key_for(acme, "health:read", "stores:all")), body, "k6")[0] == 403
    assert len(kept(acme)) == 1

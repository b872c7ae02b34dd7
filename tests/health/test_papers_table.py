"""A table of what products are, through the door that every file comes in by."""

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.health.actions.coverage import recompute_store
from apps.health.models import Coverage, SkuTraits
from apps.sync import actions
from apps.sync.actions import uploads
from apps.sync.models import StoredDocument
from tests.health.papers import NOW, offer

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def acme(transactional_db):
    from tests.world import World

    world = World("acme")
    with world:
        offer(world.store, "LAMP", "US")
    return world


def bring(acme, path, text):
    path.write_text(text, encoding="utf-8")
    with acme:
        run = uploads.bring(acme.store, path, name=path.name, kind="", by=acme.seats["owner"], at=timezone.now())
    actions.run(run.pk, agency_id=acme.agency.pk)
    with acme:
        return StoredDocument.objects.get(run=run.pk)


def test_codes_and_names_yes_and_no_in_both_languages(acme, tmp_path):
    table = "sku,trait,answer\nLAMP,electric,yes\nLAMP,Toy,No\nLAMP,含电池,是\nCUP,food-contact,1\n"
    kept = bring(acme, tmp_path / "traits.csv", table)
    assert (kept.row, kept.quarantine, kept.rows) == ("trait", "", 4)
    with acme:
        said = {row.sku: row.traits for row in SkuTraits.objects.all()}
        assert said == {"LAMP": {"electric": True, "toy": False, "battery": True}, "CUP": {"food-contact": True}}
        recompute_store(acme.store.pk, at=timezone.now())
        assert Coverage.objects.get(sku="LAMP").cells["us-fcc"]["s"] == "missing"
    bring(acme, tmp_path / "more.csv", "商品编码,特征,是否\nLAMP,toy,是\n")
    with acme:
        assert SkuTraits.objects.get(sku="LAMP").traits == {"electric": True, "toy": True, "battery": True}


def test_what_a_person_said_later_stands(acme, tmp_path):
    with acme:
        later = timezone.now() + timedelta(days=1)
        SkuTraits.objects.create(store=acme.store, sku="LAMP", traits={"toy": False}, updated_at=later)
    bring(acme, tmp_path / "traits.csv", "sku,trait,answer\nLAMP,toy,yes\n")
    with acme:
        assert SkuTraits.objects.get().traits == {"toy": False}


@pytest.mark.parametrize(
    ("line", "why"),
    [("LAMP,magic,yes", "There is no such trait: magic."), ("LAMP,toy,perhaps", "1 cell cannot be read")],
)
def test_a_table_with_a_wrong_line_is_not_taken_and_says_why(acme, tmp_path, line, why):
    path = tmp_path / "traits.csv"
    try:
        kept = bring(acme, path, f"sku,trait,answer\nLAMP,electric,yes\n{line}\n")
        said = kept.quarantine + str(kept.errors)
    except uploads.CannotImport as refused:
        said = str(refused)
    assert why in said
    with acme:
        assert not SkuTraits.objects.filter(updated_at__gt=NOW).exists()

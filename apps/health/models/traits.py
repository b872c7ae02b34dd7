"""What a product may be: traits that rules ask for, words that hint at them, and what nobody has said yet."""

from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from apps.core.tenancy import TenantModel, tied


class TraitFields(models.Model):
    """Something a product is or is not. `words` in titles and categories hint that it is: small letters, any language.

    A word is found as a whole ("toy" is not in "Toyota"); one that ends in "*" is found at the beginning of a word
    ("batter*"), one without Latin letters anywhere ("电池"). A hint is a suggestion: only people say what a product is.
    """

    code = models.SlugField(max_length=40)
    name_en = models.CharField(max_length=120)
    name_zh = models.CharField(max_length=120)
    words = models.JSONField(default=list, blank=True)
    position = models.PositiveSmallIntegerField(default=100)
    active = models.BooleanField(default=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.code

    @property
    def name(self) -> str:
        """In the reader's language."""
        return self.name_zh if (get_language() or "").startswith("zh") else self.name_en


class PaperTrait(TraitFields):
    """A trait that every agency knows. Shared; edited by platform staff."""

    class Meta:
        verbose_name, verbose_name_plural = _("trait of products"), _("traits of products")
        ordering = ["position", "code"]
        constraints = [models.UniqueConstraint(fields=["code"], name="one_paper_trait")]


class OwnPaperTrait(TenantModel, TraitFields):
    """An agency's own trait. Its code begins with "own-": it never meets a shared one."""

    class Meta:
        ordering = ["position", "code"]
        constraints = [models.UniqueConstraint(fields=["agency", "code"], name="one_own_paper_trait")]


class TraitQuestion(TenantModel):
    """A product of a store of which rules want to know something nobody has said; made anew with coverage.

    `unknown` are the traits in question, `sites` where they matter.
    """

    pk = models.CompositePrimaryKey("agency", "store", "sku")
    store = tied("accounts.Store", related_name="+", db_index=False)
    sku = models.CharField(max_length=60)
    title = models.CharField(max_length=500, blank=True)
    category = models.CharField(max_length=100, blank=True)
    unknown = models.JSONField(default=list)
    sites = models.JSONField(default=list)
    computed_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["agency", "store", "category", "sku"], name="traitquestion_by_category")]

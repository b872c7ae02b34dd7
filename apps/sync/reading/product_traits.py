"""A table that says what products are: one line for each product and trait, answered with yes or no."""

import polars as pl
from django.utils.translation import gettext_noop as _

from apps.sync import rows
from apps.sync.reading import columns as c
from apps.sync.reading.reports import Context, Report
from apps.sync.source import LineError

NO_ANSWER = _("neither yes nor no")
YES = ("yes", "y", "true", "1", "是", "对", "✓")
NO = ("no", "n", "false", "0", "否", "不是", "✗")
CELLS = {
    "sku": ("sku", "msku", "商品编码"),
    "trait": ("trait", "特征", "属性"),
    "answer": ("answer", "value", "是否", "答案"),
}


def _traits(frame: pl.DataFrame, _context: Context) -> tuple[pl.DataFrame, list[LineError]]:
    said = pl.col("answer").str.strip_chars().str.to_lowercase()
    typed = frame.with_columns(
        pl.when(said.is_in(YES)).then(1).when(said.is_in(NO)).then(0).otherwise(None).cast(pl.Int64).alias("answer_"),
        pl.col("trait").str.strip_chars().str.to_lowercase(),
    )
    errors = c.wrong(typed, "answer", "answer_", NO_ANSWER)
    return typed.with_columns(pl.col("answer_").alias("answer")), errors


TRAITS = Report("traits", rows.TRAIT, CELLS, frozenset({"sku", "trait", "answer"}), _traits, False, True)

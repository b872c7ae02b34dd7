"""Every string has its Chinese, with the same placeholders and full-width punctuation."""

from tools import messages


def test_every_string_is_translated():
    problems = messages.problems()
    assert not problems, f"{len(problems)} problems:\n" + "\n".join(problems[:40])


def test_a_missing_translation_would_be_found(tmp_path, monkeypatch):
    monkeypatch.setattr(messages, "po_file", lambda app: tmp_path / f"{app}.po")
    assert any("is not in the catalogue" in problem for problem in messages.problems())

"""python -m tools.messages [--update | --check | --compile]

--update   collect the strings of each app into its locale/zh_Hans/LC_MESSAGES/django.po
--check    fail if a string is missing, untranslated, out of date, or breaks a rule of typography
--compile  write the .mo files that Django reads (not kept in git)

A string belongs to the app whose code or templates hold it: `templates/<app>/` to that app, everything else below
`templates/` to the app named in FOLDERS. Babel does the work; no gettext programs are needed.
"""

import io
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
LOCALE = "zh_Hans"
# Template folders that are not named like an app.
FOLDERS = {
    "account": "accounts",
    "mfa": "accounts",
    "usersessions": "accounts",
    "allauth": "accounts",
    "admin": "team",
    "components": "core",
}
KEYWORDS = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}
_FIELDS = re.compile(r"%\((\w+)\)[sd]|(?<!%)%[sd]|\{(\w*)[^{}]*\}")
# Half-width punctuation between Chinese characters.
_HALF = re.compile(r"[\u4e00-\u9fff][,;:!?]|[\u4e00-\u9fff]\(|\)[\u4e00-\u9fff]")


def apps() -> list[str]:
    return sorted(path.parent.name for path in ROOT.glob("apps/*/apps.py"))


def owner(path: Path) -> str:
    """The app a file's strings belong to."""
    parts = path.relative_to(ROOT).parts
    if parts[0] == "apps" and len(parts) > 2:
        return parts[1]
    if parts[0] == "templates" and len(parts) > 2:
        return FOLDERS.get(parts[1], parts[1])
    return "core"


def sources() -> Iterator[Path]:
    for pattern in ("apps/**/*.py", "config/*.py", "templates/**/*.html", "templates/**/*.txt"):
        yield from (path for path in sorted(ROOT.glob(pattern)) if "migrations" not in path.parts)


def strings(path: Path) -> Iterator[tuple[str | tuple[str, str], str | None]]:
    """(message id, context) of every translatable string of a file."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        text = _templatized(text, path)
    for _line, message, _comments, context in extract(
        "python", io.BytesIO(text.encode()), keywords=KEYWORDS, options={"encoding": "utf-8"}
    ):
        if message and (message if isinstance(message, str) else message[0]):
            yield (message if isinstance(message, str) else (message[0], message[1])), context


def _templatized(text: str, path: Path) -> str:
    """A template as Python with gettext calls. Django's own tool for this; its output needs real string literals."""
    from django.conf import settings  # noqa: PLC0415 - only now are settings needed

    if not settings.configured:
        settings.configure(USE_I18N=True)
    from django.utils.translation.template import templatize  # noqa: PLC0415

    python = templatize(text, origin=str(path))
    # `u'...'` prefixes and pieces that are no Python at all: keep only the calls.
    calls = re.findall(r"\b(?:n?p?gettext|_)\((?:u?'(?:[^'\\]|\\.)*'|u?\"(?:[^\"\\]|\\.)*\"|[\s,]|\w+)*\)", python)
    return "\n".join(call.replace("(u'", "('").replace(", u'", ", '").replace(",u'", ", '") for call in calls)


def collected() -> dict[str, Catalog]:
    """A catalogue of ids for every app."""
    found = {app: Catalog(locale=LOCALE, domain="django") for app in apps()}
    for path in sources():
        if owner(path) not in found:
            raise SystemExit(f"{path.relative_to(ROOT)}: no app {owner(path)!r}")
        for message, context in strings(path):
            found[owner(path)].add(message, context=context)
    return found


def po_file(app: str) -> Path:
    return ROOT / "apps" / app / "locale" / LOCALE / "LC_MESSAGES" / "django.po"


def kept(app: str) -> Catalog:
    path = po_file(app)
    if not path.exists():
        return Catalog(locale=LOCALE, domain="django")
    with path.open("rb") as file:
        return read_po(file, locale=LOCALE, domain="django")


def merged(fresh: Catalog, old: Catalog, elsewhere: dict[str, str]) -> Catalog:
    """The ids of the code with the translations there are; a word another app translated already is borrowed."""
    result = Catalog(locale=LOCALE, domain="django", charset="utf-8", fuzzy=False, header_comment="")
    for message in _sorted(fresh):
        before = old.get(message.id[0] if message.pluralizable else message.id, message.context)
        text = before.string if before is not None else ""
        if message.pluralizable:
            first = text[0] if isinstance(text, tuple | list) and text else text or ""
            text = (first or elsewhere.get(message.id[0], ""),)
        else:
            text = (text if isinstance(text, str) else (text or ("",))[0]) or elsewhere.get(message.id, "")
        result.add(message.id, text, context=message.context)
    return result


def _sorted(catalog: Catalog) -> list[Message]:
    real = [message for message in catalog if message.id]
    return sorted(real, key=lambda m: (m.id if isinstance(m.id, str) else m.id[0], m.context or ""))


def _known(catalogs: Iterable[Catalog]) -> dict[str, str]:
    return {
        m.id: m.string
        for catalog in catalogs
        for m in catalog
        if m.id and isinstance(m.id, str) and isinstance(m.string, str) and m.string
    }


def update() -> None:
    old = {app: kept(app) for app in apps()}
    elsewhere = _known(old.values())
    for app, fresh in collected().items():
        path = po_file(app)
        result = merged(fresh, old[app], elsewhere)
        if not _sorted(result):
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            write_po(
                file, result, width=120, no_location=True, omit_header=False, sort_output=False, ignore_obsolete=True
            )
        text = path.read_text(encoding="utf-8")
        head = 'msgid ""\nmsgstr ""\n"Language: zh_Hans\\n"\n"Content-Type: text/plain; charset=utf-8\\n"\n'
        head += '"Plural-Forms: nplurals=1; plural=0;\\n"\n\n'
        path.write_text(head + text[text.index("\n\n") + 2 :].lstrip("\n"), encoding="utf-8")


def problems() -> list[str]:
    """Everything that is wrong with the catalogues."""
    found = []
    for app, fresh in collected().items():
        old = kept(app)
        have = {(_first(m.id), m.context) for m in _sorted(old)}
        want = {(_first(m.id), m.context) for m in _sorted(fresh)}
        found += [f"{app}: {_first(key[0])!r} is not in the catalogue" for key in sorted(want - have, key=str)]
        found += [f"{app}: {_first(key[0])!r} is used nowhere" for key in sorted(have - want, key=str)]
        found += [f"{app}: {problem}" for message in _sorted(old) for problem in _wrong(message)]
    return found


def _first(text: str | tuple[str, ...] | list[str]) -> str:
    return text if isinstance(text, str) else text[0]


def _wrong(message: Message) -> Iterator[str]:
    source, text = _first(message.id), _first(message.string or "")
    if not text:
        yield f"{source!r} is not translated"
        return
    if message.fuzzy:
        yield f"{source!r} is fuzzy"
    fields = [set(_FIELDS.findall(each)) for each in ([message.id] if isinstance(message.id, str) else message.id)]
    if set(_FIELDS.findall(text)) not in fields:
        yield f"{source!r} has other placeholders than its translation {text!r}"
    if _HALF.search(text):
        yield f"{source!r}: half-width punctuation in {text!r}"


def compile_all() -> None:
    for app in apps():
        path = po_file(app)
        if path.exists():
            with path.with_suffix(".mo").open("wb") as file:
                write_mo(file, kept(app))


def main(words: list[str]) -> int:
    match words:
        case ["--update"]:
            update()
        case ["--compile"]:
            compile_all()
        case [] | ["--check"]:
            wrong = problems()
            print("\n".join(wrong))
            print(f"{len(wrong)} problems in {sum(len(_sorted(kept(app))) for app in apps())} strings")
            return bool(wrong)
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

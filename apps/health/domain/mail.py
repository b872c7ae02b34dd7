"""A letter out of an e-mail (.eml) or out of text that was copied from one. No library beyond Python's own."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import format_datetime, parsedate_to_datetime
from html.parser import HTMLParser

from apps.health.domain.letters import subject_of, without_buyers

MOST_TEXT = 100_000  # letters that are kept of one notice
_MAIL_HEAD = re.compile(
    rb"^(?:From |(?:Return-Path|Received|Message-ID|MIME-Version|From|To|Date|Subject|Delivered-To|X-[\w-]+|DKIM-Signature"
    rb"|ARC-[\w-]+|Authentication-Results)\s*:)",
    re.I,
)
_FIELDS = {
    "subject": "subject|betreff|objet|oggetto|asunto|主题|标题|件名",
    "sender": "from|von|de|da|发件人|寄件人|差出人",
    "date": "date|sent|received|datum|gesendet|envoyé|inviato|enviado|日期|时间|发送时间|发件时间|收到时间|日時|送信日時",
    "to": "to|cc|reply-to|an|à|a|para|收件人|抄送|宛先",
}
_LINE = {name: re.compile(rf"^[ \t>*]*(?:{words})\s*[:：]\s*(.+)$", re.I) for name, words in _FIELDS.items()}
_DAY = re.compile(
    r"(20\d\d)[-/.年](\d{1,2})[-/.月](\d{1,2})日?"
    r"(?:[ T]*(?:上午|下午|晚上|星期.|[^\d\s])*[ ]*(\d{1,2})[:：点](\d{2}))?"
)
_BLOCKS = {"p", "div", "br", "tr", "li", "h1", "h2", "h3", "h4", "table", "ul", "ol", "blockquote", "hr"}
_SILENT = {"style", "script", "head", "title"}


class NoLetter(ValueError):
    """The bytes hold no letter: `args[0]` is "empty" or "no mail"."""


@dataclass(frozen=True)
class Letter:
    """What was written, without anything of a buyer. `struck`: something of one stood in it. `at` None: it names no day."""

    subject: str
    text: str
    sender: str = ""
    at: datetime | None = None
    message_id: str = ""
    struck: bool = False
    attachments: tuple[str, ...] = ()


def is_mail(head: bytes) -> bool:
    """Do the first bytes look like the source of an e-mail?"""
    return bool(_MAIL_HEAD.match(head.lstrip(b"\xef\xbb\xbf\r\n")))


def letter_of_mail(content: bytes) -> Letter:
    """The letter in an e-mail's source; of one that was forwarded as a file the inner one. Raises NoLetter."""
    outer = message_from_bytes(content.lstrip(b"\xef\xbb\xbf\r\n"), policy=policy.default)
    mail = _inner(outer)
    if not mail.keys():
        raise NoLetter("no mail")
    raw = _text(mail)
    subject = str(mail.get("Subject") or "")
    if not raw.strip() and not subject.strip():
        raise NoLetter("empty")
    clean = without_buyers(raw)
    return Letter(
        subject=without_buyers(subject_of(subject)),
        text=clean[:MOST_TEXT],
        sender=str(mail.get("From") or "")[:200],
        at=_when(str(mail.get("Date") or "")),
        message_id=str(mail.get("Message-ID") or "").strip()[:300],
        struck=clean != raw or without_buyers(subject) != subject or _between(mail),
        attachments=tuple(part.get_filename() or "?" for part in mail.iter_attachments()),
    )


def letter_of_text(text: str) -> Letter:
    """The letter in text that was copied: lines such as "Subject: …" or "主题：…" at its top, else its first line."""
    lines = text.replace("\r\n", "\n").strip("\n\ufeff ").split("\n")
    if not any(line.strip() for line in lines):
        raise NoLetter("empty")
    found: dict[str, str] = {}
    while lines and (not lines[0].strip() or (name := _field(lines[0]))):
        line = lines.pop(0)
        if line.strip() and (match := _LINE[name].match(line)):
            found.setdefault(name, match[1].strip())
    raw = "\n".join(lines).strip()
    subject = found.get("subject") or next((line for line in lines if line.strip()), "")
    clean = without_buyers(raw)
    return Letter(
        subject=without_buyers(subject_of(subject)),
        text=clean[:MOST_TEXT],
        sender=found.get("sender", "")[:200],
        at=_when(found.get("date", "")),
        struck=clean != raw or "to" in found,
    )


def copy_of(letter: Letter) -> bytes:
    """The letter as an e-mail of its own, with nothing of a buyer: kept where the original could not be."""
    mail = EmailMessage(policy=policy.SMTP.clone(cte_type="8bit"))
    mail["Subject"] = letter.subject
    if letter.at:
        mail["Date"] = format_datetime(letter.at)
    if letter.message_id:
        mail["Message-ID"] = " ".join(letter.message_id.split())
    mail.set_content(letter.text)
    return mail.as_bytes()


def plain(html: str) -> str:
    """The words of HTML, lines where blocks end; nothing of styles and scripts."""
    reader = _Words()
    reader.feed(html)
    reader.close()
    text = "".join(reader.found)
    lines = [" ".join(line.split()) for line in text.split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def decoded(content: bytes) -> str:
    """Text of unknown make: by its mark, else UTF-8, else the Chinese standard, else Western."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace")
    for name in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(name)
        except UnicodeDecodeError:
            continue
    return content.decode("cp1252", "replace")


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in _SILENT
        if tag in _BLOCKS:
            self.found.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self._silent = max(0, self._silent - (tag in _SILENT))
        if tag in _BLOCKS:
            self.found.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.found.append(data.replace("\n", " "))


def _inner(mail: EmailMessage) -> EmailMessage:
    """The letter that another one carries as a file."""
    for part in mail.walk():
        if part.get_content_type() == "message/rfc822" and (held := part.get_payload()):
            return held[0]
    return mail


def _between(mail: EmailMessage) -> bool:
    """Was it written to or by a buyer? Amazon gives buyers addresses of their own."""
    names = ("From", "To", "Cc", "Reply-To", "Sender")
    return any("@marketplace.amazon" in str(mail.get(name) or "").lower() for name in names)


def _text(mail: EmailMessage) -> str:
    """The plain part; where there is none, the words of the other one."""
    try:
        body = mail.get_body(preferencelist=("plain", "html"))
        if body is None:
            return ""
        content = body.get_content()
    except (LookupError, ValueError, KeyError, AttributeError):  # an unknown charset, or a broken part
        raw = mail.get_payload(decode=True)
        content, body = decoded(raw if isinstance(raw, bytes) else b""), mail
    text = content if isinstance(content, str) else decoded(bytes(content))
    return plain(text) if body.get_content_type() == "text/html" else text.replace("\r\n", "\n").strip()


def _field(line: str) -> str:
    return next((name for name, pattern in _LINE.items() if pattern.match(line)), "")


def _when(text: str) -> datetime | None:
    """A day and time as mail programs write it, or as a person does; without a zone it is UTC."""
    try:
        told = parsedate_to_datetime(text)
        return told if told.tzinfo else told.replace(tzinfo=UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        pass
    found = _DAY.search(text)
    if not found:
        return None
    year, month, day, hour, minute = (int(each or 0) for each in found.groups())
    try:
        return datetime(year, month, day, hour, minute, tzinfo=UTC)
    except ValueError:
        return None

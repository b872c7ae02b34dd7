"""What chat bots want to be sent, to the letter, and how they say that they took it.

Feishu: https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot (signature: HMAC-SHA256 with the key
"<seconds>\\n<secret>" over nothing). DingTalk: https://open.dingtalk.com/document/robots/customize-robot-security-settings
(HMAC-SHA256 with the secret over "<milliseconds>\\n<secret>", in the address). WeCom and Slack sign nothing: the
address is the secret.
"""

import hashlib
import hmac
import json
import re
from base64 import b64encode
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

FEISHU_COLOURS = {"danger": "red", "warning": "orange", "good": "green", "note": "blue"}
WECOM_COLOURS = {"danger": "warning", "warning": "warning", "good": "info", "note": "comment"}
WECOM_BYTES = 4096
_CODE = re.compile(r'"(?:code|errcode|StatusCode)"\s*:\s*(-?\d+)')


@dataclass(frozen=True)
class Message:
    """What is said: a title, lines under it, one link. `tone` is danger, warning, good or note."""

    title: str
    lines: tuple[str, ...]
    link: str
    link_label: str
    tone: str = "note"


@dataclass(frozen=True)
class Letter:
    """What is posted where."""

    url: str
    body: bytes


def letter(kind: str, message: Message, url: str, secret: str, *, seconds: int) -> Letter:
    """The request for one bot at a moment (Unix seconds). Raises KeyError for a kind that is no bot."""
    body, where = _WRITERS[kind](message, url, secret, seconds)
    return Letter(where, json.dumps(body, ensure_ascii=False).encode())


def feishu_sign(secret: str, seconds: int) -> str:
    return b64encode(hmac.new(f"{seconds}\n{secret}".encode(), b"", hashlib.sha256).digest()).decode()


def dingtalk_sign(secret: str, milliseconds: int) -> str:
    words = f"{milliseconds}\n{secret}".encode()
    return b64encode(hmac.new(secret.encode(), words, hashlib.sha256).digest()).decode()


def refusal(kind: str, status: int, said: str) -> str:
    """Why a bot did not take it; "" if it did. Bots answer 200 and say no in the body."""
    if not 200 <= status < 300:
        return f"HTTP {status} {said}".strip()
    if kind == "slack":
        return ""
    code = _CODE.search(said)
    return "" if code and int(code[1]) == 0 else f"not taken: {said}"[:280]


def _feishu(message: Message, url: str, secret: str, seconds: int) -> tuple[dict[str, Any], str]:
    text = "\n".join(_plain(line) for line in message.lines)
    button = {"tag": "button", "text": {"tag": "plain_text", "content": message.link_label}, "type": "primary"}
    card = {
        "config": {"wide_screen_mode": True},
        "header": {"title": {"tag": "plain_text", "content": message.title}, "template": FEISHU_COLOURS[message.tone]},
        "elements": [
            {"tag": "div", "text": {"tag": "plain_text", "content": text}},
            {"tag": "action", "actions": [button | {"url": message.link}]},
        ],
    }
    signed = {"timestamp": str(seconds), "sign": feishu_sign(secret, seconds)} if secret else {}
    return {**signed, "msg_type": "interactive", "card": card}, url


def _dingtalk(message: Message, url: str, secret: str, seconds: int) -> tuple[dict[str, Any], str]:
    lines = [f"### {_marked(message.title)}", *(f"- {_marked(line)}" for line in message.lines)]
    text = "\n\n".join([*lines, f"[{_marked(message.link_label)}]({message.link})"])
    body = {"msgtype": "markdown", "markdown": {"title": message.title, "text": text}}
    if not secret:
        return body, url
    stamp = seconds * 1000
    mark = "&" if "?" in url else "?"
    return body, f"{url}{mark}timestamp={stamp}&sign={quote(dingtalk_sign(secret, stamp), safe='')}"


def _wecom(message: Message, url: str, secret: str, seconds: int) -> tuple[dict[str, Any], str]:
    head = f'### <font color="{WECOM_COLOURS[message.tone]}">{_marked(message.title)}</font>'
    tail = f"[{_marked(message.link_label)}]({message.link})"
    middle = "\n".join(f"> {_marked(line)}" for line in message.lines)
    room = WECOM_BYTES - len(f"{head}\n\n{tail}".encode())
    middle = middle.encode()[: max(room, 0)].decode(errors="ignore")
    return {"msgtype": "markdown", "markdown": {"content": f"{head}\n{middle}\n{tail}"}}, url


def _slack(message: Message, url: str, secret: str, seconds: int) -> tuple[dict[str, Any], str]:
    text = "\n".join(f"• {_escaped(line)}" for line in message.lines) or " "
    blocks = [
        {"type": "header", "text": {"type": "plain_text", "text": message.title[:150]}},
        {"type": "section", "text": {"type": "mrkdwn", "text": text[:3000]}},
        {
            "type": "actions",
            "elements": [
                {"type": "button", "text": {"type": "plain_text", "text": message.link_label}, "url": message.link}
            ],
        },
    ]
    return {"text": _escaped(message.title), "blocks": blocks}, url


def _plain(text: str) -> str:
    return " ".join(text.split())


def _marked(text: str) -> str:
    """Text that Markdown takes for text: names come from people."""
    return re.sub(r"([\\`*_\[\]()#<>])", r"\\\1", _plain(text))


def _escaped(text: str) -> str:
    """Slack's three signs, and nobody is called by a name in angle brackets."""
    return _plain(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


_WRITERS = {"feishu": _feishu, "dingtalk": _dingtalk, "wecom": _wecom, "slack": _slack}

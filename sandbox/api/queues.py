"""As much of SQS as a reader needs, in the JSON protocol of AWS: receive, delete, and send (to try what is nonsense).

A queue is there once a destination names it. Requests are signed as AWS wants (Signature Version 4), and checked.
"""

import hashlib
import hmac
import json
import re
import time
from urllib.parse import urlsplit

from sandbox.http import Request, Response
from sandbox.post import Message
from sandbox.service import Sandbox

TYPE, MOST, HIDDEN_SECONDS = "application/x-amz-json-1.0", 10, 30
_SIGNED = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/sqs/aws4_request, SignedHeaders=([^,]+), Signature=(\w+)"
)


class QueueError(Exception):
    """An error as SQS tells it."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code, self.status = code, status


def answer(sandbox: Sandbox, request: Request) -> Response:
    """One request of a reader, by the operation that its ``x-amz-target`` names."""
    try:
        _check(sandbox, request)
        body = request.json()
        name = request.headers.get("x-amz-target", "").removeprefix("AmazonSQS.")
        if name not in OPERATIONS:
            raise QueueError("InvalidAction", f"The action {name} is not supported.")
        told = OPERATIONS[name](sandbox, _arn(sandbox, str(body.get("QueueUrl") or "")), body)
        return Response(200, json.dumps(told).encode(), TYPE)
    except QueueError as error:
        told = {"__type": f"com.amazonaws.sqs#{error.code}", "message": str(error)}
        return Response(error.status, json.dumps(told).encode(), TYPE)


def _arn(sandbox: Sandbox, url: str) -> str:
    """The queue that an address names."""
    tail = urlsplit(url).path.rstrip("/").split("/")[-2:]
    known = [each["resource"]["sqs"]["arn"] for each in sandbox.post.destinations.values() if "sqs" in each["resource"]]
    found = next((arn for arn in known if arn.split(":")[-2:] == tail), "")
    if not found:
        raise QueueError("QueueDoesNotExist", "The specified queue does not exist.")
    return found


def _receive(sandbox: Sandbox, arn: str, body: dict) -> dict:
    most = min(int(body.get("MaxNumberOfMessages") or 1), MOST)
    hidden = float(body.get("VisibilityTimeout", HIDDEN_SECONDS))
    end = time.monotonic() + min(float(body.get("WaitTimeSeconds") or 0), 20)
    while True:
        with sandbox.post.lock:
            now, found = time.time(), []
            for message in sandbox.post.queue(arn):
                if message.visible <= now and len(found) < most:
                    message.visible, message.times = now + hidden, message.times + 1
                    message.receipt = hashlib.sha256(f"{message.id} {id(message)} {now}".encode()).hexdigest()
                    found.append(message)
        if found or time.monotonic() >= end:
            return {"Messages": [_shown(message) for message in found]} if found else {}
        time.sleep(0.1)


def _shown(message: Message) -> dict:
    return {
        "MessageId": message.id,
        "ReceiptHandle": message.receipt,
        "MD5OfBody": hashlib.md5(message.body.encode()).hexdigest(),
        "Body": message.body,
        "Attributes": {"ApproximateReceiveCount": str(message.times)},
    }


def _delete(sandbox: Sandbox, arn: str, body: dict) -> dict:
    with sandbox.post.lock:
        queue = sandbox.post.queue(arn)
        found = next((each for each in queue if each.receipt and each.receipt == body.get("ReceiptHandle")), None)
        if found is not None:
            queue.remove(found)
            sandbox.post.keep()
    return {}


def _send(sandbox: Sandbox, arn: str, body: dict) -> dict:
    text = str(body.get("MessageBody") or "")
    if not text:
        raise QueueError("MissingParameter", "The request must contain the parameter MessageBody.")
    with sandbox.post.lock:
        message = Message(sandbox.post.number("message"), text)
        sandbox.post.queue(arn).append(message)
        sandbox.post.keep()
    return {"MessageId": message.id, "MD5OfMessageBody": hashlib.md5(text.encode()).hexdigest()}


OPERATIONS = {"ReceiveMessage": _receive, "DeleteMessage": _delete, "SendMessage": _send}


# ---- Signature Version 4 -----------------------------------------------------------------------------------------


def _check(sandbox: Sandbox, request: Request) -> None:
    """Raises QueueError unless the request is signed with the sandbox's own key."""
    found = _SIGNED.fullmatch(request.headers.get("authorization", ""))
    if found is None:
        raise QueueError("MissingAuthenticationToken", "Request is missing Authentication Token", 403)
    key_id, day, region, names, signature = found.groups()
    if key_id != sandbox.login.queue_key_id:
        raise QueueError("InvalidClientTokenId", "The security token included in the request is invalid.", 403)
    headers = "".join(f"{name}:{request.headers.get(name, '').strip()}\n" for name in names.split(";"))
    digest = hashlib.sha256(request.body).hexdigest()
    canonical = "\n".join([request.method, request.path, "", headers, names, digest])
    scope = f"{day}/{region}/sqs/aws4_request"
    text = "\n".join(
        [
            "AWS4-HMAC-SHA256",
            request.headers.get("x-amz-date", ""),
            scope,
            hashlib.sha256(canonical.encode()).hexdigest(),
        ]
    )
    key = f"AWS4{sandbox.login.queue_secret}".encode()
    for part in (day, region, "sqs", "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    if not hmac.compare_digest(hmac.new(key, text.encode(), hashlib.sha256).hexdigest(), signature):
        raise QueueError("SignatureDoesNotMatch", "The request signature we calculated does not match.", 403)

"""A queue of the agency's own at AWS (SQS), read through its API. Needs boto3 (the extra `s3`)."""

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

from django.utils.module_loading import import_string

from apps.sync.http import Transient, redact
from apps.sync.source import Call, NeedsOwner, SourceError, TryLater

ARN = re.compile(r"arn:(aws|aws-cn):sqs:([a-z]{2}(?:-[a-z]+)+-\d):(\d{12}):([A-Za-z0-9_-]{1,80})(\.fifo)?")
RECEIVE, DELETE = "ReceiveMessage", "DeleteMessage"
AT_ONCE, HIDDEN_SECONDS, WAIT_SECONDS = 10, 60, 1
# AWS's words for what only the owner of the queue can mend.
OWNERS = (
    "AccessDenied", "InvalidClientTokenId", "SignatureDoesNotMatch", "UnrecognizedClient", "InvalidAccessKeyId",
    "NonExistentQueue", "QueueDoesNotExist", "ExpiredToken", "InvalidSecurity", "InvalidAddress", "KmsAccessDenied",
    "OptInRequired",
)  # fmt: skip


@dataclass(frozen=True)
class Queue:
    """A queue by its ARN, the key that may read it, and where SQS answers ("": AWS's own address of the region)."""

    arn: str
    key_id: str
    secret: str = field(repr=False)
    endpoint: str = ""

    @property
    def url(self) -> str:
        """As SQS names queues."""
        found = ARN.fullmatch(self.arn)
        if found is None or found[5]:
            raise NeedsOwner("the queue's ARN is not one of a standard SQS queue")
        partition, region, account, name = found.group(1, 2, 3, 4)
        host = f"https://sqs.{region}.amazonaws.com{'.cn' if partition == 'aws-cn' else ''}"
        return f"{self.endpoint or host}/{account}/{name}"

    @property
    def region(self) -> str:
        return self.arn.split(":")[3]


@dataclass(frozen=True)
class Letter:
    """A message of a queue. `times`: how often it was handed out; `receipt` is what it is removed by."""

    number: str
    body: str
    receipt: str
    times: int


def readable() -> bool:
    """Is there a program that speaks to SQS?"""
    return find_spec("boto3") is not None


class QueueReader:
    """Hands out messages; those that are not removed come again. `watch` lets calls of an operation through, or not."""

    def __init__(self, queue: Queue, watch: Callable[[str], AbstractContextManager[None]]) -> None:
        self.url, self.watch = queue.url, watch
        settings = import_string("botocore.config.Config")(
            connect_timeout=5, read_timeout=20, retries={"total_max_attempts": 2}
        )
        self.client: Any = import_string("boto3.session.Session")(
            aws_access_key_id=queue.key_id, aws_secret_access_key=queue.secret, region_name=queue.region
        ).client("sqs", endpoint_url=queue.endpoint or None, config=settings)

    def letters(self) -> list[Letter]:
        """Up to ten messages, hidden from other readers for a minute. Raises TryLater, NeedsOwner."""
        with self.watch(RECEIVE), _told(RECEIVE):
            answer = self.client.receive_message(
                QueueUrl=self.url,
                MaxNumberOfMessages=AT_ONCE,
                WaitTimeSeconds=WAIT_SECONDS,
                VisibilityTimeout=HIDDEN_SECONDS,
                MessageSystemAttributeNames=["ApproximateReceiveCount"],
            )
        return [
            Letter(
                each["MessageId"],
                each.get("Body", ""),
                each["ReceiptHandle"],
                int(each.get("Attributes", {}).get("ApproximateReceiveCount", 1)),
            )
            for each in answer.get("Messages", [])
        ]

    def remove(self, letter: Letter) -> None:
        """Never hand it out again."""
        with self.watch(DELETE), _told(DELETE):
            self.client.delete_message(QueueUrl=self.url, ReceiptHandle=letter.receipt)


@contextmanager
def _told(operation: str) -> Iterator[None]:
    """AWS's failures as ours, with the call they happened in."""
    try:
        yield
    except import_string("botocore.exceptions.ClientError") as error:
        raise _kind(error, operation) from None
    except import_string("botocore.exceptions.BotoCoreError") as error:
        raise Transient(f"SQS: {redact(str(error), 300)}").during(Call(operation)) from None


def _kind(error: Any, operation: str) -> SourceError:
    about = error.response.get("Error", {})
    code, status = str(about.get("Code", "")), error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    said = f"SQS: {code} {redact(str(about.get('Message', '')), 300)}".strip()
    call = Call(operation, int(status or 0))
    if status in (401, 403) or any(word in code for word in OWNERS):
        return NeedsOwner(said).during(call)
    return (TryLater if 400 <= call.status < 500 else Transient)(said).during(call)

"""The sandbox's queues, read by AWS's own client: signed, hidden while handed out, gone once removed."""

import json

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.boxes import Box, copied
from tests.sandbox.test_notifications import STATUS
from tests.sandbox.walk import NEWS

ARN = "arn:aws:sqs:us-east-2:123456789012:desk"


@pytest.fixture
def own(world_folder, tmp_path):
    with Box(copied(world_folder, tmp_path / "world"), ("--fast",)) as box:
        caller = box.caller("lumora:NA")
        body = {"name": "queue", "resourceSpecification": {"sqs": {"arn": ARN}}}
        made = caller("POST", f"{NEWS}/destinations", body, token=caller.grantless())
        box.queue_number, box.lumora = made.json["payload"]["destinationId"], caller
        yield box


def client(box: Box, **other: str):
    key = box.desk("notify")["queue_key"] | other
    session = boto3.session.Session(key["key_id"], key["secret"], region_name="us-east-2")
    return session.client("sqs", endpoint_url=f"{box.address}/_sqs")


def test_a_test_lies_in_the_queue_until_it_is_removed_and_is_hidden_while_somebody_has_it(own):
    trial = {"destinationId": own.queue_number, "testNotification": {"payloadVersion": "2021-01-01"}}
    asked = own.lumora("POST", f"{NEWS}/subscriptions/{STATUS}/testNotification", trial, token=own.lumora.grantless())
    assert asked.status == 200
    address = {"QueueUrl": f"{own.address}/_sqs/123456789012/desk"}
    sqs, found = client(own), []
    names = ["ApproximateReceiveCount"]
    found = sqs.receive_message(
        **address, MaxNumberOfMessages=10, VisibilityTimeout=0, MessageSystemAttributeNames=names
    )
    assert {json.loads(each["Body"])["notificationType"] for each in found["Messages"]} == {STATUS}
    again = sqs.receive_message(**address, MaxNumberOfMessages=10, MessageSystemAttributeNames=names)["Messages"]
    assert {each["Attributes"]["ApproximateReceiveCount"] for each in again} == {"2"}
    assert "Messages" not in sqs.receive_message(**address), "hidden"
    for each in again:
        sqs.delete_message(**address, ReceiptHandle=each["ReceiptHandle"])
    assert own.desk("notify")["queues"] == {ARN: 0}


@pytest.mark.parametrize(
    ("key", "code"),
    [({"key_id": "AKIANOBODY"}, "InvalidClientTokenId"), ({"secret": "wrong"}, "SignatureDoesNotMatch")],
)
def test_a_wrong_key_opens_no_queue(own, key, code):
    with pytest.raises(ClientError) as refused:
        client(own, **key).receive_message(QueueUrl=f"{own.address}/_sqs/123456789012/desk")
    assert refused.value.response["Error"]["Code"] == code


def test_a_queue_that_no_destination_names_is_not_there(own):
    with pytest.raises(ClientError, match="does not exist"):
        client(own).receive_message(QueueUrl=f"{own.address}/_sqs/123456789012/other")

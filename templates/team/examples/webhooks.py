import base64
import hashlib
import hmac
import json
import time

SECRET = "whsec_your_secret"  # shown once, when the webhook is made
FRESH_SECONDS = 300


def event_of(headers, body):
    """What a webhook tells. `body`: its bytes as they came. Raises ValueError for what is not ours, or old."""
    name, sent_at = headers["webhook-id"], headers["webhook-timestamp"]
    if abs(time.time() - int(sent_at)) > FRESH_SECONDS:
        raise ValueError("too old, or from the future")
    secret = base64.b64decode(SECRET.removeprefix("whsec_"))
    signed = hmac.new(secret, f"{name}.{sent_at}.".encode() + body, hashlib.sha256).digest()
    wanted = "v1," + base64.b64encode(signed).decode()
    given = headers["webhook-signature"].split()  # two while a secret is being changed
    if not any(hmac.compare_digest(wanted, each) for each in given):
        raise ValueError("not signed with our secret")
    return json.loads(body)

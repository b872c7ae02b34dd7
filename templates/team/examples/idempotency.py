import time
import uuid

import requests

BASE, KEY, STORE = "https://storewright.example", "swk_your_key", "north"


def put_surely(path, body, tries=6):
    """Writes once, however often it has to be sent: every try carries the same key and the same body."""
    headers = {"Authorization": f"Bearer {KEY}", "Idempotency-Key": str(uuid.uuid4())}
    for attempt in range(tries):
        try:
            answer = requests.put(f"{BASE}{path}", headers=headers, json=body, timeout=30)
        except requests.RequestException:  # it may have arrived all the same
            time.sleep(2**attempt)
            continue
        if answer.status_code in (409, 429) or answer.status_code >= 500:
            time.sleep(float(answer.headers.get("Retry-After", 2**attempt)))
            continue
        return answer
    raise SystemExit("no answer: send it again later, with the same key")


stock = {"items": [{"store": STORE, "sku": "MUG-1", "available": 120}]}
answer = put_surely("/api/v1/stock/own", stock)
print(answer.status_code, answer.json())

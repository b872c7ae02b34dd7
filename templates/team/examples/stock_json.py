import uuid

import requests

BASE, KEY, STORE = "https://storewright.example", "swk_your_key", "north"

items = [
    {"store": STORE, "warehouse": "Shenzhen", "sku": "MUG-1", "available": 120, "reserved": 8, "inbound": 300},
    {"store": STORE, "warehouse": "Shenzhen", "sku": "BOWL-2", "available": 45},
]
answer = requests.put(
    f"{BASE}/api/v1/stock/own",
    headers={"Authorization": f"Bearer {KEY}", "Idempotency-Key": str(uuid.uuid4())},
    json={"items": items},
    timeout=60,
)
if answer.status_code == 422:  # no row was taken: these are wrong
    raise SystemExit(answer.json()["errors"])
answer.raise_for_status()
print(answer.json())

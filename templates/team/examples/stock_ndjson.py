import json
import uuid

import requests

BASE, KEY, STORE = "https://storewright.example", "swk_your_key", "north"

counts = {f"SKU-{number}": number % 90 for number in range(1000)}
lines = [json.dumps({"store": STORE, "sku": sku, "available": count}) for sku, count in counts.items()]
answer = requests.put(
    f"{BASE}/api/v1/stock/own",
    headers={
        "Authorization": f"Bearer {KEY}",
        "Idempotency-Key": str(uuid.uuid4()),
        "Content-Type": "application/x-ndjson",
    },
    data="\n".join(lines).encode(),
    timeout=120,
)
answer.raise_for_status()
print(answer.json())

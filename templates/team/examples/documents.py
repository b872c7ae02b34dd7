import time
import uuid
from pathlib import Path

import requests

BASE, KEY, STORE = "https://storewright.example", "swk_your_key", "north"
HEADERS = {"Authorization": f"Bearer {KEY}"}

Path("costs.csv").write_text("sku,unit-cost,currency\nMUG-1,18.50,CNY\n")
with Path("costs.csv").open("rb") as file:
    answer = requests.post(
        f"{BASE}/api/v1/documents",
        headers=HEADERS | {"Idempotency-Key": str(uuid.uuid4())},
        data={"store": STORE},
        files={"file": file},
        timeout=120,
    )
answer.raise_for_status()
run = answer.json()
while run["state"] in ("due", "running"):
    time.sleep(2)
    run = requests.get(f"{BASE}/api/v1/runs/{run['id']}", headers=HEADERS, timeout=30).json()
print(run["state"], run["rows"], run["error"])

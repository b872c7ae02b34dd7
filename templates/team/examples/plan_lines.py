import requests

BASE, KEY = "https://storewright.example", "swk_your_key"

cursor = ""
while cursor is not None:
    asked = {"state": "approved"} | ({"cursor": cursor} if cursor else {})
    headers = {"Authorization": f"Bearer {KEY}"}
    answer = requests.get(f"{BASE}/api/v1/plan-lines", params=asked, headers=headers, timeout=30)
    answer.raise_for_status()
    for line in answer.json()["items"]:
        print(f"plan {line['plan']}: {line['units']} of {line['sku']} for {line['store']}, by {line['mode']}")
    cursor = answer.json()["next_cursor"]

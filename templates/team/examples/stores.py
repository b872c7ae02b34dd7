import requests

BASE, KEY = "https://storewright.example", "swk_your_key"

answer = requests.get(f"{BASE}/api/v1/stores", headers={"Authorization": f"Bearer {KEY}"}, timeout=30)
answer.raise_for_status()
for store in answer.json()["items"]:
    print(store["store"], store["name"], store["marketplaces"])

import requests

BASE, KEY = "https://storewright.example", "swk_your_key"


def changed_lines(since):
    """Every order line that changed here since a moment, page by page."""
    cursor = None
    while True:
        asked = {"updated_since": since} if cursor is None else {"updated_since": since, "cursor": cursor}
        headers = {"Authorization": f"Bearer {KEY}"}
        answer = requests.get(f"{BASE}/api/v1/orders", params=asked, headers=headers, timeout=60)
        answer.raise_for_status()
        yield from answer.json()["items"]
        cursor = answer.json()["next_cursor"]
        if cursor is None:
            return


newest = "2026-01-01T00:00:00Z"  # what you kept the last time
for line in changed_lines(newest):
    print(line["order_id"], line["sku"], line["quantity"], line["price"], line["currency"])
    newest = max(newest, line["changed_at"])
print("ask the next time since", newest)

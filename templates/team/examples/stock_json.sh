BASE=https://storewright.example KEY=swk_your_key STORE=north
curl -fsS -X PUT "$BASE/api/v1/stock/own" \
  -H "Authorization: Bearer $KEY" -H "Idempotency-Key: stock-$(date +%s)" -H "Content-Type: application/json" \
  -d '{"items": [{"store": "'$STORE'", "warehouse": "Shenzhen", "sku": "MUG-1", "available": 120, "inbound": 300}]}'

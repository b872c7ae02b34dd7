BASE=https://storewright.example KEY=swk_your_key STORE=north
printf '{"store": "%s", "sku": "%s", "available": %d}\n' $STORE MUG-1 120 $STORE BOWL-2 45 > stock.ndjson
curl -fsS -X PUT "$BASE/api/v1/stock/own" \
  -H "Authorization: Bearer $KEY" -H "Idempotency-Key: lines-$(date +%s)" -H "Content-Type: application/x-ndjson" \
  --data-binary @stock.ndjson

BASE=https://storewright.example KEY=swk_your_key STORE=north
for again in 1 2; do # the second call answers as the first and does nothing
  curl -fsS -X PUT "$BASE/api/v1/stock/own" --retry 5 \
    -H "Authorization: Bearer $KEY" -H "Idempotency-Key: count-of-monday" -H "Content-Type: application/json" \
    -d '{"items": [{"store": "'$STORE'", "sku": "MUG-1", "available": 120}]}'
done

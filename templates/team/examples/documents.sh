BASE=https://storewright.example KEY=swk_your_key STORE=north
printf 'sku,unit-cost,currency\nMUG-1,18.50,CNY\n' > costs.csv
curl -fsS "$BASE/api/v1/documents" -H "Authorization: Bearer $KEY" -H "Idempotency-Key: file-$(date +%s)" \
  -F store=$STORE -F file=@costs.csv

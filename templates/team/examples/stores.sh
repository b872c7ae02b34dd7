BASE=https://storewright.example KEY=swk_your_key
curl -fsS "$BASE/api/v1/stores" -H "Authorization: Bearer $KEY"

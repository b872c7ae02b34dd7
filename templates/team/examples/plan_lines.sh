BASE=https://storewright.example KEY=swk_your_key
curl -fsS -G "$BASE/api/v1/plan-lines" -H "Authorization: Bearer $KEY" -d state=approved

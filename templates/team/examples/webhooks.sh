# ID, AT and body.json: the headers webhook-id and webhook-timestamp, and the body as it came
SECRET=whsec_your_secret
key=$(printf %s "${SECRET#whsec_}" | base64 -d | od -An -v -tx1 | tr -d ' \n')
{ printf '%s.%s.' "$ID" "$AT"; cat body.json; } |
  openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | base64
# must be one of those behind "v1," in webhook-signature

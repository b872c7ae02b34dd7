"""Sellers v1."""

from sandbox.http import Request, Response
from sandbox.service import Sandbox
from sandbox.world.marketplaces import BY_CODE


def participations(sandbox: Sandbox, request: Request) -> Response:
    """``getMarketplaceParticipations``: the marketplaces of the account."""
    payload = []
    for code in request.auth.marketplaces:
        place = BY_CODE[code]
        payload.append(
            {
                "marketplace": {
                    "id": place.id,
                    "name": place.name,
                    "countryCode": place.country,
                    "domainName": place.domain,
                    "defaultCurrencyCode": place.currency,
                    "defaultLanguageCode": place.language,
                },
                "participation": {"isParticipating": True, "hasSuspendedListings": False},
                "storeName": request.auth.partner.name,
            }
        )
    return Response.json({"payload": payload})

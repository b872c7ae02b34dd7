"""Who may see what: agencies, people, stores and keys. No business facts."""

from apps.accounts.models.agencies import (
    Agency,
    AgencySettings,
    Client,
    RoleLimit,
    SupportGrant,
    Threshold,
)
from apps.accounts.models.members import ApiKey, Invitation, Member, StoreGrant, User
from apps.accounts.models.stores import FxRate, Marketplace, OwnRate, Store, StoreMarketplace

__all__ = [
    "Agency",
    "AgencySettings",
    "ApiKey",
    "Client",
    "FxRate",
    "Invitation",
    "Marketplace",
    "Member",
    "OwnRate",
    "RoleLimit",
    "Store",
    "StoreGrant",
    "StoreMarketplace",
    "SupportGrant",
    "Threshold",
    "User",
]

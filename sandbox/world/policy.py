"""Policy violations and document requests: few, by kind, about one listing each, resolved or not."""

from dataclasses import dataclass

import numpy as np

from sandbox.world.catalog import Catalog
from sandbox.world.hashing import uniform
from sandbox.world.orders import DAY, NEVER

# The names of the V2 seller performance report.
KINDS = (
    "listingPolicyViolations",
    "productAuthenticityCustomerComplaints",
    "productConditionCustomerComplaints",
    "productSafetyCustomerComplaints",
    "receivedIntellectualPropertyComplaints",
    "restrictedProductPolicyViolations",
    "suspectedIntellectualPropertyViolations",
    "foodAndProductSafetyIssues",
    "otherPolicyViolations",
    "documentRequests",
)
# What the issue of a listing says; requests for documents are none.
ISSUES = {
    "listingPolicyViolations": "The listing does not comply with our listing policies.",
    "productAuthenticityCustomerComplaints": "Customers complained that the product is not authentic.",
    "productConditionCustomerComplaints": "Customers complained about the condition of the product.",
    "productSafetyCustomerComplaints": "Customers complained about the safety of the product.",
    "receivedIntellectualPropertyComplaints": "A rights owner reported the listing.",
    "restrictedProductPolicyViolations": "The product is restricted in this marketplace.",
    "suspectedIntellectualPropertyViolations": "The listing may infringe the rights of others.",
    "foodAndProductSafetyIssues": "Documents on the safety of the product are missing.",
    "otherPolicyViolations": "The listing violates one of our policies.",
}
BLOCK_DAYS, CHANCE, RESOLVED, MEAN_DAYS = 30, 0.012, 0.7, 20.0


@dataclass(frozen=True)
class Violations:
    """Columns, oldest first. ``opened`` and ``resolved`` are epoch seconds; ``listing`` is what they are about."""

    site: np.ndarray
    kind: np.ndarray
    listing: np.ndarray
    opened: np.ndarray
    resolved: np.ndarray


def issues(found: Violations, listing: int, now: int) -> list[int]:
    """Kinds of the violations that are open on a listing, in the order of KINDS."""
    open_ = (found.listing == listing) & (found.opened <= now) & (found.resolved > now)
    return [kind for kind in np.unique(found.kind[open_]).tolist() if KINDS[kind] in ISSUES]


@dataclass(frozen=True)
class Outbreak:
    """Violations the desk injected: so many of a kind at one moment (epoch seconds); they stay."""

    number: int
    site: int
    kind: str
    at: int
    count: int


def violations(seed: int, catalog: Catalog, site_of: np.ndarray, days: tuple[int, int], more: list) -> Violations:
    """All violations opened on the UTC days from ``days[0]`` to before ``days[1]``; ``more`` are outbreaks."""
    found = [_drawn(seed, catalog, site_of, days)]
    found += [_outbreak(seed, catalog, site_of, each) for each in more if each.at < days[1] * DAY]
    columns = [np.concatenate(parts) for parts in zip(*found, strict=True)]
    order = np.argsort(columns[3], kind="stable")
    return Violations(*(column[order] for column in columns))


def _drawn(seed: int, catalog: Catalog, site_of: np.ndarray, days: tuple[int, int]) -> tuple[np.ndarray, ...]:
    blocks = np.arange(days[0] // BLOCK_DAYS, days[1] // BLOCK_DAYS + 1)
    grid = np.meshgrid(np.unique(site_of), np.arange(len(KINDS)), blocks, indexing="ij")
    site, kind, block = (axis.ravel() for axis in grid)
    u = [uniform(seed, 5700 + n, site, kind, block) for n in range(6)]
    opened = block * BLOCK_DAYS * DAY + (u[1] * BLOCK_DAYS * DAY).astype(np.int64)
    listing = _listings(catalog, site_of, site, u[2])
    until = opened + DAY + (-MEAN_DAYS / 2 * np.log((1 - u[3]) * (1 - u[4])) * DAY).astype(np.int64)
    resolved = np.where(u[5] < RESOLVED, until, NEVER)
    here = (u[0] < CHANCE) & (opened // DAY >= days[0]) & (opened // DAY < days[1])
    return site[here], kind[here], listing[here], opened[here], resolved[here]


def _outbreak(seed: int, catalog: Catalog, site_of: np.ndarray, each: Outbreak) -> tuple[np.ndarray, ...]:
    site = np.full(each.count, each.site)
    u = uniform(seed, 5790, each.number, np.arange(each.count))
    opened = np.full(each.count, each.at)
    listing = _listings(catalog, site_of, site, u)
    return site, np.full(each.count, KINDS.index(each.kind)), listing, opened, np.full(each.count, NEVER)


def _listings(catalog: Catalog, site_of: np.ndarray, site: np.ndarray, u: np.ndarray) -> np.ndarray:
    """An active listing of every site."""
    active = np.flatnonzero(catalog.listing_active)
    active = active[np.argsort(site_of[active], kind="stable")]
    first = np.searchsorted(site_of[active], site)
    count = np.searchsorted(site_of[active], site, side="right") - first
    return active[first + (u * count).astype(np.int64)]

"""The selling partners of the sandbox. All names are invented."""

from dataclasses import dataclass

AREA_POOLS = {"EU": ("DE", "FR", "IT", "ES", "NL", "SE", "PL", "BE", "IE")}


@dataclass(frozen=True)
class Partner:
    """A brand company. ``regions`` maps a region to its marketplaces; one authorisation exists per region."""

    id: str
    name: str
    prefix: str
    size: int
    weight: float
    regions: tuple[tuple[str, tuple[str, ...]], ...]
    pan_eu: bool


PARTNERS = (
    Partner("lumora", "Lumora Home", "LUM", 120, 1.25, (("NA", ("US", "CA", "MX")),), False),
    Partner("voltnest", "VoltNest", "VNX", 112, 1.1, (("NA", ("US",)), ("EU", ("UK", "DE", "FR", "IT", "ES"))), False),
    Partner(
        "kidobay",
        "KidoBay",
        "KDB",
        104,
        1.0,
        (("EU", ("UK", "DE", "FR", "IT", "ES", "NL", "SE", "PL", "BE", "IE")),),
        True,
    ),
    Partner("sorano", "Sorano Kitchen", "SRN", 104, 0.9, (("FE", ("JP", "AU", "SG")), ("NA", ("US",))), False),
)


@dataclass(frozen=True)
class Authorisation:
    """A partner's consent for one region: what one refresh token stands for."""

    index: int
    partner: Partner
    region: str
    marketplaces: tuple[str, ...]

    @property
    def id(self) -> str:
        """``partner:region``, unique."""
        return f"{self.partner.id}:{self.region}"

    def pool_of(self, code: str) -> str:
        """Name of the FBA stock pool that serves a marketplace: Pan-EU countries share ``EU``."""
        return "EU" if self.partner.pan_eu and code in AREA_POOLS["EU"] else code


def _authorisations() -> tuple[Authorisation, ...]:
    pairs = [(p, region, codes) for p in PARTNERS for region, codes in p.regions]
    return tuple(Authorisation(i, p, region, codes) for i, (p, region, codes) in enumerate(pairs))


AUTHORISATIONS = _authorisations()
BY_ID = {a.id: a for a in AUTHORISATIONS}

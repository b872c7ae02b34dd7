"""`domain.replenishment` once more, as SQL over sets. A property test holds the two together to the last digit.

Each constant is the body of one common table expression; the comment above names the relation it reads.
All numbers are whole and not negative, so that SQL's and Python's division agree.
"""

from apps.inventory.domain.replenishment import FARTHEST_DAYS, HORIZON_DAYS, LEAST_DAYS, MILLI

HALF_UP = "((2 * ({top}) + ({bottom})) / (2 * ({bottom})))"
ROUND_UP = "((({units}) + ({step}) - 1) / ({step}) * ({step}))"


def _speed(days: int) -> str:
    top, bottom = f"units_{days} * {MILLI}", f"days_{days}"
    return f"CASE WHEN days_{days} > 0 THEN {HALF_UP.format(top=top, bottom=bottom)} END"


def _weighted(what: str) -> str:
    return " + ".join(f"CASE WHEN days_{d} > 0 THEN {what.format(d=d)} ELSE 0 END" for d in (7, 30, 90))


# counted: units_w, days_w, weight_w for w in 7, 30, 90
SPEEDS = f"""
    SELECT counted.*, ({_speed(7)})::bigint AS velocity_7, ({_speed(30)})::bigint AS velocity_30,
           ({_speed(90)})::bigint AS velocity_90, ({_weighted("weight_{d}")})::bigint AS weight
    FROM counted"""

# speeds: the above
MOVING = f"""
    SELECT speeds.*, CASE WHEN days_90 >= {LEAST_DAYS} AND weight > 0 THEN
        {HALF_UP.format(top=_weighted("weight_{d} * velocity_{d}"), bottom="weight")} END::bigint AS velocity
    FROM speeds"""

# inputs: velocity, position, policy, price, aged_fee, edited, chosen_mode, today
LEADS = f"""
    SELECT inputs.*, receiving_days::bigint AS t_near, (sea_days / 2 + receiving_days)::bigint AS t_shipped,
           (sea_days + receiving_days)::bigint AS t_working, (air_days + receiving_days)::bigint AS t_own,
           (production_days + inspection_days + sea_days + receiving_days)::bigint AS sea_lead,
           (production_days + inspection_days + air_days + receiving_days)::bigint AS air_lead,
           (production_days + inspection_days + sea_days + receiving_days + review_days)::bigint AS cycle,
           (reserved + receiving)::bigint AS near, (receiving + shipped + working)::bigint AS inbound,
           (available + reserved + receiving + shipped + working + own + on_order)::bigint AS owned,
           least({HORIZON_DAYS}, production_days + inspection_days + air_days + receiving_days)::bigint AS horizon
    FROM inputs"""

_COMING = (("t_near", "near"), ("t_shipped", "shipped"), ("t_working", "working"), ("t_own", "own"))
_ALL_COMING = (*_COMING, ("sea_lead", "on_order"))


def _lost_before(moment: str) -> str:
    """Demand until `moment` less the supply that arrives strictly before it."""
    supply = " + ".join(f"CASE WHEN {day} < {moment} THEN {units} ELSE 0 END" for day, units in _ALL_COMING)
    return f"velocity * ({moment}) - (available + {supply}) * {MILLI}"


def _losses() -> str:
    waits = (
        f"CASE WHEN {units} > 0 THEN {_lost_before(f'least({day}, horizon)')} ELSE 0 END" for day, units in _ALL_COMING
    )
    return ", ".join([_lost_before("horizon"), *waits])


# leads: the above
GAPS = f"""
    SELECT leads.*,
           CASE WHEN velocity > 0 THEN (greatest(0, {_losses()}) + velocity - 1) / velocity
                WHEN velocity = 0 THEN 0 END::bigint AS gap,
           (velocity * cycle * safety + {MILLI * 100 - 1}) / {MILLI * 100} AS need,
           CASE WHEN velocity > 0 THEN owned * {MILLI} / velocity END AS cover,
           CASE WHEN velocity > 0 THEN available * {MILLI} / velocity END AS cover_fba,
           (velocity * greatest(0, sea_days - air_days) + {MILLI - 1}) / {MILLI} AS bridge
    FROM leads"""

# gaps: the above
SHORT = """
    SELECT gaps.*, CASE WHEN need IS NOT NULL THEN greatest(0, need - owned) END AS shortfall FROM gaps"""

# short: the above
SUGGESTED = f"""
    SELECT short.*,
           CASE WHEN shortfall > 0 THEN {ROUND_UP.format(units="greatest(shortfall, moq)", step="carton_units")}
                WHEN shortfall = 0 THEN 0 END AS suggested,
           CASE WHEN velocity IS NULL THEN 'no_data' WHEN gap > 0 THEN 'urgent' WHEN shortfall > 0 THEN 'reorder'
                WHEN owned > 0 AND (cover IS NULL OR cover > excess_days) THEN 'excess' ELSE 'healthy' END AS status
    FROM short"""

# suggested: the above
WANTED = f"""
    SELECT suggested.*,
           CASE WHEN velocity IS NOT NULL THEN greatest(0, coalesce(edited, suggested)) END AS units,
           {ROUND_UP.format(units="greatest(bridge, 1)", step="carton_units")} AS bridging
    FROM suggested"""

# wanted: the above
AIRED = """
    SELECT wanted.*,
           CASE WHEN units IS NULL THEN NULL WHEN units = 0 THEN 0 WHEN chosen_mode = 'air' THEN units
                WHEN chosen_mode = 'sea' OR (chosen_mode = '' AND gap <= 0) THEN 0
                ELSE least(units, bridging) END AS air_units
    FROM wanted"""

_STAKE = HALF_UP.format(top="gap * velocity * price", bottom=str(MILLI))

# aired: the above
PROPOSED = f"""
    SELECT aired.*, units - air_units AS sea_units,
           CASE WHEN coalesce(units, 0) = 0 THEN '' WHEN air_units = 0 THEN 'sea'
                WHEN air_units = units THEN 'air' ELSE 'air+sea' END AS mode,
           CASE WHEN status = 'urgent' THEN {_STAKE} WHEN status = 'excess' THEN aged_fee END AS at_stake,
           CASE WHEN cover_fba <= {FARTHEST_DAYS} THEN today + cover_fba::int END AS out_on,
           CASE WHEN cover - cycle <= {FARTHEST_DAYS} THEN today + (cover - cycle)::int END AS order_by,
           CASE status WHEN 'urgent' THEN 1 WHEN 'reorder' THEN 2 WHEN 'excess' THEN 3 WHEN 'healthy' THEN 4
                ELSE 5 END AS priority
    FROM aired"""

# The chain from `inputs` to `proposed`, in order, and from `counted` to `moving`.
MOVEMENT = (("speeds", SPEEDS), ("moving", MOVING))
DECISION = (
    ("leads", LEADS),
    ("gaps", GAPS),
    ("short", SHORT),
    ("suggested", SUGGESTED),
    ("wanted", WANTED),
    ("aired", AIRED),
    ("proposed", PROPOSED),
)


def chain(*parts: tuple[str, str]) -> str:
    """`name AS (body), ...` for a WITH clause.

    OFFSET 0 keeps each step a step: else PostgreSQL puts every formula in the place of its name, the steps before it
    once more for each time they are named.
    """
    return ",\n".join(f"{name} AS ({body} OFFSET 0)" for name, body in parts)

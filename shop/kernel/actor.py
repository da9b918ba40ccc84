"""Who acts: the plain value that flows take and histories keep."""

from dataclasses import dataclass, field

COOPERATIVE_ROLES = frozenset({"keeper", "clerk", "manager"})
VILLAGE_ROLES = frozenset({"village", "supervisor"})


@dataclass(frozen=True, kw_only=True)
class Actor:
    """One caller with every hat; ``seats`` are (role, cooperative id) pairs.

    ``role`` is the hat worn for this act and is what history rows keep.
    """

    user_id: int | None = None
    role: str = "system"
    roles: frozenset[str] = frozenset()
    seats: frozenset[tuple[str, int]] = field(default=frozenset())
    village_seats: frozenset[tuple[str, int]] = field(default=frozenset())

    def cooperatives(self, *roles: str) -> tuple[int, ...]:
        """Ids of the cooperatives where one of ``roles`` is held; a manager holds them all."""
        wanted = {*roles, "manager"} if roles else COOPERATIVE_ROLES
        return tuple(sorted({where for role, where in self.seats if role in wanted}))

    def villages(self, *roles: str) -> tuple[int, ...]:
        """Ids of the villages where one of ``roles`` is held."""
        return tuple(sorted({where for role, where in self.village_seats if role in roles}))

    @property
    def is_operator(self) -> bool:
        return "operator" in self.roles

    @property
    def is_host(self) -> bool:
        return "host" in self.roles

    def wearing(self, role: str) -> "Actor":
        """The same person, acting as ``role``."""
        return Actor(
            user_id=self.user_id,
            role=role,
            roles=self.roles,
            seats=self.seats,
            village_seats=self.village_seats,
        )


SYSTEM = Actor()
"""The shop itself: jobs and sweepers."""

GATEWAY = Actor(role="gateway")
"""A payment provider, heard through its hook, its return page or the reconciler."""

CARRIER = Actor(role="carrier")
"""A courier's report."""

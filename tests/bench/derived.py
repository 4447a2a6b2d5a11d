"""int128/kubelogin where it is not there: what its figures would be on this machine, derived from those it once had.

They were measured on two processors of the same kind with the same method, where bare Python took 8.0 ms; what a
processor does is scaled by bare Python's time here, what a network does is not. That is a derivation, no measurement.
"""

from dataclasses import dataclass

_BARE = 8.0
_HIT = 0.60 * _BARE
_ADDED = 6.1
_RATE, _BARE_RATE = 431, 239
_REFRESH = 10.5
_ROUND_TRIPS = (144.0 - _REFRESH) / 25.0


@dataclass(frozen=True, slots=True)
class Theirs:
    """Its figures, given the milliseconds that bare Python takes here.

    :param bare: the median of bare Python.
    """

    bare: float

    @property
    def hit(self) -> float:
        """Milliseconds of a cached token."""
        return self._scaled(_HIT)

    @property
    def added(self) -> float:
        """Milliseconds added to a kubectl command."""
        return self._scaled(_ADDED)

    @staticmethod
    def rate(bare: float) -> float:
        """Return how many cached tokens a second among fifty at once.

        :param bare: how many bare Pythons.
        """
        return bare * _RATE / _BARE_RATE

    def refresh(self, round_trip: float) -> float:
        """Return the milliseconds of a refresh, which takes more than five round trips.

        :param round_trip: milliseconds.
        """
        return self._scaled(_REFRESH) + _ROUND_TRIPS * round_trip

    def _scaled(self, milliseconds: float) -> float:
        return milliseconds * self.bare / _BARE

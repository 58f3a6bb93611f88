"""How sure a rate of success is."""

from __future__ import annotations

from math import sqrt

Z = 1.96  # of a normal distribution: 95 % lie within


def wilson(wins: int, count: int) -> float:
    """The lower bound of a success rate that was seen ``wins`` times in ``count``, at a confidence of 95 %.

    It is the lower end of Wilson's score interval (E. B. Wilson, "Probable Inference, the Law of Succession,
    and Statistical Inference", Journal of the American Statistical Association 22, 1927)::

        (p + z²/2n - z sqrt(p (1 - p) / n + z²/4n²)) / (1 + z²/n),  p = wins / n,  z = 1.96

    and 0 of nothing seen, so that what went well once does not pass for what always goes well.

    Example:
        >>> round(wilson(1, 1), 2), round(wilson(9, 10), 2), round(wilson(90, 100), 2)
        (0.21, 0.6, 0.83)
    """
    if not wins:  # also where rounding would leave a little
        return 0.0
    rate, square = wins / count, Z * Z / count
    spread = Z * sqrt(rate * (1 - rate) / count + square / (4 * count))
    return max((rate + square / 2 - spread) / (1 + square), 0.0)

# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""The example of the page "Page elements": a softmax that does not overflow.

Run it: python page_elements.py
"""

from __future__ import annotations

from math import exp, isclose


# region softmax
def softmax(scores: list[float]) -> list[float]:
    """Return exp(s_i) / sum_j exp(s_j) for each score.

    The largest score is taken from all of them first: the result is the same, since numerator and
    denominator are divided by the same number, and no exponential is larger than 1.
    """
    top = max(scores)
    weights = [exp(score - top) for score in scores]
    total = sum(weights)
    return [weight / total for weight in weights]


# endregion


if __name__ == "__main__":
    shares = softmax([1000.0, 1001.0, 1002.0])
    assert isclose(sum(shares), 1.0)
    print([round(share, 3) for share in shares])

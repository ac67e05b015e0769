# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Compares a model with its reference: results, loss, every gradient, one step of the optimiser."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from zooniverse.proofs.counting import ProofError
from zooniverse.proofs.form import Equality, Pair, Values
from zooniverse.proofs.pairing import links_of, share_weights, state


@contextmanager
def exact(seed: int = 0) -> Iterator[None]:
    """Build and compute in float64, on one thread's order of sums, from a fixed seed."""
    kind = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            yield
    finally:
        torch.set_default_dtype(kind)


def difference(ours: Tensor, reference: Tensor) -> float:
    """Return the largest difference of two tensors, infinite where a shape differs or one is NaN.

    It is relative to the reference's largest entry where that is above 1.
    """
    if ours.shape != reference.shape:
        return math.inf
    if ours.numel() == 0:
        return 0.0
    a, b = ours.detach().double(), reference.detach().double()
    apart = torch.where(a == b, 0.0, (a - b).abs())  # equal infinities are no difference
    if bool(apart.isnan().any()):
        return math.inf
    finite = torch.where(b.isinf(), 0.0, b.abs())
    return float(apart.max() / max(1.0, float(finite.max())))


def compare(equality: Equality, code: Any) -> dict[str, float]:
    """Return the largest difference of each part that is compared.

    Parts are ``results``, ``loss``, ``gradients`` and ``one step`` (weights after one step of Adam)
    for a pair of models, and the names of the values otherwise.

    Args:
        equality: What is compared.
        code: The model's code as a module.

    Raises:
        ProofError: The two sides cannot be compared: names of results or parameters do not fit.
    """
    with exact():
        return dict(_parts(equality, code))


def equal(equality: Equality, code: Any) -> bool:
    """Say whether all parts are within the limit; what follows the first that is not is left out.

    Args:
        equality: What is compared.
        code: The model's code as a module.

    Raises:
        ProofError: As `compare`.
    """
    with exact():
        return all(apart <= equality.limit for _, apart in _parts(equality, code))


def _parts(equality: Equality, code: Any) -> Iterator[tuple[str, float]]:
    """Yield each part with its difference, as soon as it is known."""
    both = equality.compare(code)
    if isinstance(both, Values):
        yield from _by_name(both.ours, both.reference).items()
    else:
        yield from _parts_of_pair(both)


def _parts_of_pair(pair: Pair) -> Iterator[tuple[str, float]]:
    pair.ours.double()
    pair.reference.double()
    links = links_of(pair)
    share_weights(pair, links)
    ours, reference = dict(pair.run_ours()), dict(pair.run_reference())
    if "loss" not in ours or "loss" not in reference:
        raise ProofError("a run returns no loss. Name one of its results 'loss'.")
    loss, reference_loss = ours.pop("loss"), reference.pop("loss")
    yield "results", max(_by_name(ours, reference).values(), default=0.0)
    yield "loss", difference(loss, reference_loss)

    sides = ((pair.ours, loss), (pair.reference, reference_loss))
    steps = [torch.optim.Adam(model.parameters(), lr=0.01) for model, _ in sides]
    for _model, value in sides:
        value.backward()  # type: ignore[no-untyped-call]

    here, there = state(pair.ours), state(pair.reference)
    gradients = 0.0
    for link in links:
        if isinstance(here[link.ours], torch.nn.Parameter):
            zero = torch.zeros_like(there[link.reference])
            theirs = link.view(_or(there[link.reference].grad, zero))
            mine = _or(here[link.ours].grad, torch.zeros_like(here[link.ours]))
            gradients = max(gradients, difference(mine, theirs))
    yield "gradients", gradients

    for step in steps:
        step.step()
    yield "one step", max(difference(here[k.ours], k.view(there[k.reference])) for k in links)


def _by_name(ours: Mapping[str, Tensor], reference: Mapping[str, Tensor]) -> dict[str, float]:
    if ours.keys() != reference.keys():
        raise ProofError(
            f"our results are {sorted(ours)}, the reference's {sorted(reference)}. "
            "Return the same names."
        )
    return {name: difference(ours[name], reference[name]) for name in ours}


def _or(tensor: Tensor | None, other: Tensor) -> Tensor:
    return other if tensor is None else tensor

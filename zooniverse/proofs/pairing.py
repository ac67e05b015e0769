# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Gives our model and its reference the same random weights, and proves that none was left out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from zooniverse.proofs.counting import ProofError
from zooniverse.proofs.form import Link, Pair

# Buffers that a model learns; all others are constants, which each side computes for itself.
_STATISTICS = ("running_mean", "running_var")


def links_of(pair: Pair) -> list[Link]:
    """Return which parameter of ours is which of the reference's.

    Raises:
        ProofError: A parameter or a running statistic of either side is left out or used twice,
            or two that belong together have different shapes.
    """
    links = list(pair.links) if pair.links is not None else _in_execution_order(pair)
    ours, reference = state(pair.ours), state(pair.reference)
    used = [link.ours for link in links]
    for name in ours:
        if used.count(name) != 1:
            raise ProofError(
                f"our parameter {name} is linked {used.count(name)} times. Link each one once."
            )
    covered = {
        name: torch.zeros(tensor.shape, device=tensor.device) for name, tensor in reference.items()
    }
    for link in links:
        if link.ours not in ours or link.reference not in reference:
            missing = link.ours if link.ours not in ours else link.reference
            raise ProofError(f"there is no parameter {missing} to link. Correct its name.")
        part = link.view(covered[link.reference])
        part += 1
        if part.shape != ours[link.ours].shape:
            raise ProofError(
                f"{link.ours} has the shape {list(ours[link.ours].shape)}, {link.reference} "
                f"{list(part.shape)}. Link a view of the same shape."
            )
    for name, times in covered.items():
        if not bool((times == 1).all()):
            raise ProofError(
                f"the reference's parameter {name} is not linked whole, once. Link each part once."
            )
    return links


def share_weights(pair: Pair, links: Sequence[Link], seed: int = 0) -> None:
    """Fill both sides with the same random weights of unit scale.

    Vectors (biases, norms, running means) are standard normal; matrices and kernels are divided by
    the square root of the number of inputs, so that what flows through the model keeps unit scale;
    variances are at least 0.5. Small initial weights would hide a wrong activation or bias.
    """
    generator = torch.Generator().manual_seed(seed)
    ours, reference = state(pair.ours), state(pair.reference)
    with torch.no_grad():
        for link in links:
            tensor = ours[link.ours]
            values = torch.randn(tensor.shape, generator=generator, dtype=torch.float64)
            if link.ours.endswith("running_var"):
                values = values.abs() + 0.5
            elif tensor.dim() > 1:
                values /= (tensor.numel() / tensor.shape[0]) ** 0.5
            tensor.copy_(values)
            link.view(reference[link.reference]).copy_(values)


def state(model: nn.Module) -> dict[str, Tensor]:
    """Return parameters and running statistics by name; shared ones once."""
    learnt = dict(model.named_parameters())
    statistics = {
        name: buffer
        for name, buffer in model.named_buffers()
        if name.rpartition(".")[2] in _STATISTICS
    }
    return {**learnt, **statistics}


def _in_execution_order(pair: Pair) -> list[Link]:
    """Pair the layers that hold parameters themselves in the order in which they first run."""
    ours = _layers_that_run(pair.ours, pair.run_ours)
    reference = _layers_that_run(pair.reference, pair.run_reference)
    if len(ours) != len(reference):
        raise ProofError(
            f"{len(ours)} of our layers run, and {len(reference)} of the reference's. Give `links`."
        )
    links: list[Link] = []
    for (our_name, our_layer), (name, layer) in zip(ours, reference, strict=True):
        here = {**dict(our_layer.named_parameters(recurse=False)), **_statistics(our_layer)}
        there = {**dict(layer.named_parameters(recurse=False)), **_statistics(layer)}
        if here.keys() != there.keys():
            raise ProofError(
                f"our layer {our_name} has {sorted(here)}, the reference's {name} has "
                f"{sorted(there)}. Give `links`."
            )
        links += [Link(_join(our_name, part), _join(name, part)) for part in here]
    return links


def _join(layer: str, part: str) -> str:
    return f"{layer}.{part}" if layer else part


def _statistics(layer: nn.Module) -> dict[str, Tensor]:
    return {name: b for name, b in layer.named_buffers(recurse=False) if name in _STATISTICS}


def _layers_that_run(model: nn.Module, run: Callable[[], Any]) -> list[tuple[str, nn.Module]]:
    """Return name and layer in order; a parameter that two layers share counts for the first."""
    names = {id(layer): name for name, layer in model.named_modules()}
    order: list[tuple[str, nn.Module]] = []
    seen: set[int] = set()

    def note(layer: nn.Module, _args: Any) -> None:
        own = {id(parameter) for parameter in layer.parameters(recurse=False)}
        if own and not own <= seen:
            seen.update(own)
            order.append((names[id(layer)], layer))

    handles = [layer.register_forward_pre_hook(note) for layer in model.modules()]
    try:
        with torch.no_grad():
            run()
    finally:
        for handle in handles:
            handle.remove()
    return order

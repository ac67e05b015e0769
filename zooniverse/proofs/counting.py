# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Counts a model's parameters, row by row, and holds each row against its formula."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from zooniverse.proofs.form import Row, Size
from zooniverse.proofs.record import Counted, Layer, PublishedCount

_OPERATORS: dict[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.Pow: operator.pow,
}


class ProofError(AssertionError):
    """What is shown does not hold, or ``proof.py`` is wrong. Its text is one line, with a cure."""


_FILLING = frozenset(
    {Tensor.normal_, Tensor.uniform_, nn.init.normal_, nn.init.uniform_, nn.init.trunc_normal_}
    | {nn.init.kaiming_normal_, nn.init.kaiming_uniform_}
    | {nn.init.xavier_normal_, nn.init.xavier_uniform_, nn.init.orthogonal_}
)


@contextmanager
def shapes_alone() -> Iterator[None]:
    """Build networks on the meta device, where they take no memory, and fill no weights.

    There are none to fill, yet pretending would take most of the time.
    """
    with torch.device("meta"), _Unfilled():
        yield


class _Unfilled(TorchFunctionMode):
    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        if func in _FILLING:
            return args[0] if args else kwargs["tensor"]
        return func(*args, **kwargs)


def evaluate(formula: str, symbols: Mapping[str, int]) -> int:
    """Return the value of a formula over whole numbers.

    Args:
        formula: Python's notation with ``+ - * // **`` and brackets.
        symbols: What its letters stand for.

    Raises:
        ProofError: The formula has another construct, or a letter that stands for nothing.
    """

    def value(node: ast.expr) -> int:
        match node:
            case ast.Constant(value=int() as number):
                return number
            case ast.Name(id=name) if name in symbols:
                return symbols[name]
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
                return _OPERATORS[type(op)](value(left), value(right))
        known = ", ".join(symbols)
        raise ProofError(
            f"formula {formula!r}: {ast.unparse(node)!r} means nothing here. "
            f"Use + - * // ** over whole numbers and {known}."
        )

    return value(ast.parse(formula, mode="eval").body)


def count(model: nn.Module) -> dict[str, int]:
    """Return the number of entries of each parameter by its name; shared ones once."""
    return {name: parameter.numel() for name, parameter in model.named_parameters()}


def ledger(
    model: nn.Module, rows: Sequence[Row], symbols: Mapping[str, int]
) -> list[tuple[str, str, int]]:
    """Return name, formula and number of parameters of each row.

    Raises:
        ProofError: A parameter belongs to no row or to two, or a row's formula gives another
            number than was counted.
    """
    counted = [0] * len(rows)
    for name, number in count(model).items():
        fits = [i for i, row in enumerate(rows) if re.fullmatch(row.parameters, name)]
        if len(fits) != 1:
            raise ProofError(
                f"the parameter {name} belongs to {len(fits)} rows of the ledger. "
                "Let exactly one row match its name."
            )
        counted[fits[0]] += number
    for row, number in zip(rows, counted, strict=True):
        expected = evaluate(row.formula, symbols)
        if expected != number:
            raise ProofError(
                f"row {row.name!r} of the ledger: counted {number:,}, but {row.formula} is "
                f"{expected:,}. Mend the formula or the code."
            )
    return [(row.name, row.formula, n) for row, n in zip(rows, counted, strict=True)]


def count_size(size: Size, rows: Sequence[Row], code: Any) -> Counted:
    """Count one published configuration.

    Raises:
        ProofError: As ``ledger``; or the reference's count differs; or a gap to the published
            figure is not explained.
    """
    with shapes_alone():
        layers = ledger(size.build(code), rows, size.symbols)
        reference = sum(count(size.reference()).values()) if size.reference else None
    total = sum(number for _, _, number in layers)
    if reference is not None and reference != total + size.extra[0]:
        raise ProofError(
            f"size {size.name!r}: counted {total:,}, the reference has {reference:,}. "
            "Mend the code, or name what the reference has over it in `extra`."
        )
    published = None
    if size.published:
        p = size.published
        fits = round(total / p.unit) == round(p.value / p.unit)
        if not (fits or p.gap):
            raise ProofError(
                f"size {size.name!r}: counted {total:,}, published {p.value:,.0f}. "
                "Say in `gap` why they differ."
            )
        published = PublishedCount(
            value=int(p.value), unit=int(p.unit), source=p.source, url=p.url, fits=fits, gap=p.gap
        )
    return Counted(
        total=total,
        symbols=dict(size.symbols),
        layers=[Layer(*layer) for layer in layers],
        published=published,
        reference=reference,
        extra=size.extra[1],
    )

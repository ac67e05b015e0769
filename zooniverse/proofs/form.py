# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
r"""The form of a model's ``proof.py``: one object ``PROOF`` that says what is shown, and how.

``proof.py`` lies beside the model's code and defines, from the bottom up::

    def whole_model(model: Any) -> Pair: ...      # our model, a reference, how to run both
    def no_peeking(model: Any) -> None: ...       # asserts; the docstring is the claim

    PROOF = Proof(
        code="bert.py",
        sizes=(Size("base", lambda m: m.Bert(m.BASE), {"V": 30522, "d": 768}, published=...),),
        ledger=(Row("Token embedding", r"embedding\.weight", "V * d"), ...),
        equalities=(Equality("model", whole_model, "transformers.BertForPreTraining"),),
        invariants=(no_peeking,),
        mutants=(Mutant("other activation", "x = gelu(x)", "x = relu(x)"), ...),
        runs=(Run("Filling gaps", ...),),
    )

Each function is given the model's code as a module, ``model``: the code as it is, or with the one
broken line of a mutant. So ``proof.py`` never imports the code itself. Whatever is built within a
function of an equality or an invariant is built in float64 and from a fixed seed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor, nn


@dataclass(frozen=True)
class Published:
    """A size as a paper or a model card gives it.

    Attributes:
        value: Number of parameters, for example ``65e6``.
        unit: Of the last digit that is given, for example ``1e6``.
        source: Where it stands, for example ``"Vaswani et al. (2017), Table 3"``.
        url: Address of the source.
        gap: Why ours differs; needed where ours does not round to the published value.
    """

    value: float
    unit: float
    source: str
    url: str
    gap: str = ""


@dataclass(frozen=True)
class Size:
    """A published configuration, counted on the meta device, which takes no memory.

    Attributes:
        name: As the paper names it.
        build: Given the code, builds the model.
        symbols: What the letters of the ledger's formulas stand for.
        published: What is published of it, if anything is.
        reference: Builds the reference of the same size, whose count must be the same.
        extra: Parameters that the reference has over ours, with the reason.
    """

    name: str
    build: Callable[[Any], nn.Module]
    symbols: Mapping[str, int]
    published: Published | None = None
    reference: Callable[[], nn.Module] | None = None
    extra: tuple[int, str] = (0, "")


@dataclass(frozen=True)
class Row:
    """A row of the ledger: the parameters whose names match, and the formula for their number.

    Every parameter must belong to exactly one row.

    Attributes:
        name: What readers call it.
        parameters: A regular expression that matches the whole name of each of its parameters.
        formula: In Python's notation over the symbols of a size: ``+ - * // **`` and brackets.
    """

    name: str
    parameters: str
    formula: str


@dataclass(frozen=True)
class Link:
    """Names a parameter of ours and what it corresponds to in the reference.

    Attributes:
        ours: Name of our parameter or buffer.
        reference: Name of the reference's.
        view: Returns the part of the reference's that is meant, as a view into it: a slice, a
            transpose. The same view is taken of its gradient.
    """

    ours: str
    reference: str
    view: Callable[[Tensor], Tensor] = lambda tensor: tensor


@dataclass(frozen=True)
class Pair:
    """Our model and a reference that must do the same.

    Attributes:
        ours: Our model.
        reference: The reference.
        run_ours: Runs ours; returns named results, among them ``loss``, of which gradients are
            taken.
        run_reference: Runs the reference on the same input; returns results of the same names.
        links: Which parameter is which. None: leaf layers are paired in the order in which they
            run, and their parameters by name.
    """

    ours: nn.Module
    reference: nn.Module
    run_ours: Callable[[], Mapping[str, Tensor]]
    run_reference: Callable[[], Mapping[str, Tensor]]
    links: Sequence[Link] | None = None


@dataclass(frozen=True)
class Values:
    """Named results of ours and of a formula written another way, where there are no weights."""

    ours: Mapping[str, Tensor]
    reference: Mapping[str, Tensor]


@dataclass(frozen=True)
class Equality:
    """Something that must equal a reference.

    Attributes:
        name: Short; mutants name it.
        compare: Given the code, builds what is compared.
        reference: Class or formula that it is compared with, as the page shows it.
        package: Distribution that the reference comes from; its version is recorded.
        limit: Largest difference allowed, relative to the largest entry of a tensor where that is
            above 1. Raise it only where the reference computes in float32 whatever it is given.
        why_limit: Says so, then.
    """

    name: str
    compare: Callable[[Any], Pair | Values]
    reference: str
    package: str = "torch"
    limit: float = 1e-9
    why_limit: str = ""


@dataclass(frozen=True)
class Mutant:
    """The code with one line broken, which the proof must notice.

    Attributes:
        name: What is broken.
        line: A piece of the code that occurs exactly once in it.
        broken: What stands in its place; it must still run.
        by: Names of the equalities and invariants that must each fail; empty for all equalities.
    """

    name: str
    line: str
    broken: str
    by: tuple[str, ...] = ()


@dataclass(frozen=True)
class Run:
    """A small training run.

    Attributes:
        name: What is learnt.
        train: Given code, seed and number of steps; yields steps done and the metric then, the last
            time after the last step.
        metric: What the number says, as the page shows it.
        steps: Of the full run.
        reach: What the mean of the seeds must reach in the full run. None for one that stands
            beside another: what it changes is measured, and may well do harm.
        short: Steps of the run in the tests, and what its first seed must reach, with slack. None
            where another, quicker run of the model shows in the tests that it learns.
        seeds: Of the full run.
        higher_is_better: Otherwise the metric must fall to ``reach``.
        beside: Name of a run of the same metric, steps and seeds that this one changes in one
            thing, which is its own name; the page shows both in one table.
    """

    name: str
    train: Callable[[Any, int, int], Iterable[tuple[int, float]]]
    metric: str
    steps: int
    reach: float | None
    short: tuple[int, float] | None
    seeds: tuple[int, ...] = (0, 1, 2)
    higher_is_better: bool = True
    beside: str | None = None

    def reached(self, value: float, threshold: float | None) -> bool:
        """Say whether a value is at least as good as a threshold, if there is one."""
        if threshold is None:
            return True
        return value >= threshold if self.higher_is_better else value <= threshold


@dataclass(frozen=True)
class Figure:
    """Pictures that the model makes: drawn by ``make prove`` into a file in ``figures/``.

    Attributes:
        file: Name of the PNG file, such as ``samples.png``; the page shows it as any picture:
            ``![what is seen](figures/samples.png)``.
        draw: Given the code, returns pictures as `zooniverse.proofs.drawing.png` takes them; what
            is random is drawn with seed 0.
    """

    file: str
    draw: Callable[[Any], Tensor]

    @property
    def path(self) -> str:
        """The file, relative to ``proof.py``."""
        return f"figures/{self.file}"


@dataclass(frozen=True)
class Proof:
    """How a model is proven.

    Attributes:
        code: File of the implementation, beside ``proof.py``.
        sizes: Published configurations.
        ledger: Rows of the parameter ledger, the same for all sizes.
        equalities: What is compared with what; none where no reference exists.
        invariants: Functions that assert something about the code; the first sentence of the
            docstring is the claim, the function's name is what mutants call it by.
        mutants: Broken code; each equality and each invariant must fail for one of them at least.
        runs: Small training runs.
        figures: What the model draws, for the page.
        data: Files that the runs read, relative to ``proof.py``.
        speed: Given the code, builds ours and the reference at a size at which most of the time is
            arithmetic; ``make bench`` compares how long a step of each takes. None: no reference.
    """

    code: str
    sizes: tuple[Size, ...]
    ledger: tuple[Row, ...]
    equalities: tuple[Equality, ...] = ()
    invariants: tuple[Callable[[Any], None], ...] = ()
    mutants: tuple[Mutant, ...] = ()
    runs: tuple[Run, ...] = ()
    figures: tuple[Figure, ...] = ()
    data: tuple[str, ...] = field(default=())
    speed: Callable[[Any], Pair] | None = None


def claim(invariant: Callable[[Any], None]) -> str:
    """Return what an invariant claims: the first paragraph of its docstring, in one line.

    Raises:
        ValueError: It has no docstring.
    """
    words = " ".join((invariant.__doc__ or "").split("\n\n")[0].split())
    if not words:
        raise ValueError(f"the invariant {invariant.__name__} has no docstring. Write its claim.")
    return words.removesuffix(".")

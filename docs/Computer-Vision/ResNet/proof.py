# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""How resnet.py is proven; zooniverse/proofs/form.py says what each part means."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from zooniverse.proofs.counting import shapes_alone
from zooniverse.proofs.form import Equality, Link, Mutant, Pair, Proof, Published, Row, Run, Size

BLOCKS, WIDTHS, CLASSES = (2, 1, 2), (6, 10, 14), 7


def tiny(model: Any, **changes: Any) -> Any:
    """Build a network that is quick to compare; no two of its sizes are the same."""
    settings = {"blocks": BLOCKS, "widths": WIDTHS, "classes": CLASSES}
    return model.ResNet(model.Config(**{**settings, **changes}))


# --- equalities ---------------------------------------------------------------------------------


def reference(
    blocks: tuple[int, ...] = BLOCKS,
    widths: tuple[int, ...] = WIDTHS,
    bottleneck: bool = False,
    early_stride: bool = False,
    classes: int = CLASSES,
) -> Any:
    """Build the reference of a configuration of ours, as the library has it."""
    from transformers import ResNetConfig, ResNetForImageClassification

    return ResNetForImageClassification(
        ResNetConfig(
            embedding_size=widths[0],
            hidden_sizes=[width * (4 if bottleneck else 1) for width in widths],
            depths=list(blocks),
            layer_type="bottleneck" if bottleneck else "basic",
            downsample_in_bottleneck=early_stride,
            num_labels=classes,  # type: ignore[call-arg]
        )
    )


def learnt(library: nn.Module) -> list[str]:
    """Return the names of all weights and running statistics of a model."""
    return [name for name in library.state_dict() if not name.endswith("num_batches_tracked")]


def pair(learning: bool, bottleneck: bool, early_stride: bool, model: Any) -> Pair:
    """Ours and the reference, with the maps of every stage, scores and loss of five pictures."""
    ours = tiny(model, bottleneck=bottleneck, early_stride=early_stride).train(learning)
    library = reference(bottleneck=bottleneck, early_stride=early_stride).train(learning)
    x, y = torch.randn(5, 3, 37, 45), torch.randint(CLASSES, (5,))

    def run_ours() -> dict[str, Tensor]:
        scores = ours(x)
        # A second reading would move the running statistics once more.
        maps = {} if learning else named(ours.maps(x))
        return {"scores": scores, "loss": F.cross_entropy(scores, y), **maps}

    def run_reference() -> dict[str, Tensor]:
        found = library(x, labels=y, output_hidden_states=True)
        maps = {} if learning else named(found.hidden_states[1:])
        return {"scores": found.logits, "loss": found.loss, **maps}

    links = [Link(model.our_name(name), name) for name in learnt(library)]
    return Pair(ours, library, run_ours, run_reference, links)


def named(maps: Any) -> dict[str, Tensor]:
    """Name the maps of the stages."""
    return {f"stage {number}": one for number, one in enumerate(maps, 1)}


def speed(model: Any) -> Pair:
    """One bottleneck in each stage, as wide as in ResNet-50, on 4 pictures of 96 x 96 pixels."""
    sizes = {"blocks": (1, 1, 1, 1), "widths": (64, 128, 256, 512), "bottleneck": True}
    ours, library = tiny(model, **sizes), reference(**sizes)  # type: ignore[arg-type]
    x, y = torch.randn(4, 3, 96, 96), torch.randint(CLASSES, (4,))

    def run_ours() -> dict[str, Tensor]:
        return {"loss": F.cross_entropy(ours(x), y)}

    def run_reference() -> dict[str, Tensor]:
        return {"loss": library(x, labels=y).loss}

    links = [Link(model.our_name(name), name) for name in learnt(library)]
    return Pair(ours, library, run_ours, run_reference, links)


# --- invariants ---------------------------------------------------------------------------------


def names_count_layers(model: Any) -> None:
    """A network has as many layers with weights, shortcuts aside, as its name says.

    That holds for the five sizes and for the networks for CIFAR-10.
    """
    depths = {c: int(name.rpartition("-")[2]) for name, c in model.SIZES.items()}
    depths |= {model.cifar(depth): depth for depth in (20, 56)}
    for c, depth in depths.items():
        with shapes_alone():
            ours = model.ResNet(c)
        layers = [
            name
            for name, layer in ours.named_modules()
            if isinstance(layer, nn.Conv2d | nn.Linear) and "shortcut" not in name
        ]
        assert len(layers) == depth, (depth, len(layers))


def multiply_adds_are_the_papers(model: Any) -> None:
    """Multiply-adds are within 2 % of those of Table 1, with the paper's own stride.

    They are 1.8, 3.6, 3.8, 7.6 and 11.3 billion; the first two with shortcuts of option A.
    """
    for name, stated, changes in (
        ("ResNet-18", 1.8e9, {"shortcut": "padding"}),
        ("ResNet-34", 3.6e9, {"shortcut": "padding"}),
        ("ResNet-50", 3.8e9, {"early_stride": True}),
        ("ResNet-101", 7.6e9, {"early_stride": True}),
        ("ResNet-152", 11.3e9, {"early_stride": True}),
    ):
        with shapes_alone():
            counted = model.multiply_adds(model.replace(model.SIZES[name], **changes))
        assert abs(counted / stated - 1) < 0.02, (name, counted)
    # Written out for one network: 7 x 7, two blocks at 56, 28, 14 and 7 pixels, projections, head.
    stem = 112**2 * 7 * 7 * 3 * 64
    first = 4 * 56**2 * 9 * 64 * 64
    later = 3 * (3 * 28**2 * 9 * 128 * 128 + 28**2 * 9 * 64 * 128 + 28**2 * 64 * 128)
    assert model.multiply_adds(model.SIZES["ResNet-18"]) == stem + first + later + 512 * 1000


def cifar_sizes_are_the_papers(model: Any) -> None:
    """The 1,202 layers for CIFAR-10 have 19.4 million parameters, and shortcuts add none."""
    with shapes_alone():
        deep = model.ResNet(model.cifar(1202))
        both = [model.ResNet(model.cifar(56, kind)) for kind in ("padding", "none")]
    assert round(sum(p.numel() for p in deep.parameters()) / 1e5) == 194
    shapes = [{name: p.shape for name, p in one.named_parameters()} for one in both]
    assert shapes[0] == shapes[1]


def a_block_can_be_the_identity(model: Any) -> None:
    """A block whose last norm is zero hands on what came in, and the whole gradient with it.

    A plain one hands on nothing.
    """
    for shortcut, bottleneck in (("projection", True), ("padding", False), ("none", False)):
        c = model.Config((1,), (6,), bottleneck=bottleneck, shortcut=shortcut)
        width = 24 if bottleneck else 6
        block = model.Block(c, width, 6, 1)
        nn.init.zeros_(block.layers[-1].norm.weight)
        x = (torch.rand(2, width, 5, 5) + 0.1).requires_grad_()
        y, weight = block(x), torch.randn(2, width, 5, 5)
        (gradient,) = torch.autograd.grad((weight * y).sum(), x)
        through = shortcut != "none"
        assert torch.equal(y, x if through else torch.zeros_like(x)), shortcut
        assert torch.equal(gradient, weight if through else torch.zeros_like(x)), shortcut


def padding_adds_zeros(model: Any) -> None:
    """A padded shortcut keeps every second pixel of the old channels and makes the new ones zero.

    A block whose last norm is zero shows it.
    """
    block = model.Block(model.Config((1,), (6,), shortcut="padding"), 4, 6, 2)
    nn.init.zeros_(block.layers[-1].norm.weight)
    x = torch.rand(2, 4, 7, 7)
    y = block(x)
    assert y.shape == (2, 6, 4, 4), y.shape
    assert torch.equal(y[:, :4], x[:, :, ::2, ::2])
    assert y[:, 4:].abs().max() == 0


def shapes_are_table_1s(model: Any) -> None:
    """Of 224 x 224 pixels the stages of ResNet-50 make maps of 56, 28, 14 and 7, as in Table 1.

    Their channels are 256, 512, 1024 and 2048.
    """
    with torch.device("meta"):
        ours = model.ResNet(model.SIZES["ResNet-50"]).eval()
        maps = ours.maps(torch.empty(1, 3, 224, 224))
    shapes = [tuple(one.shape[1:]) for one in maps]
    assert shapes == [(256, 56, 56), (512, 28, 28), (1024, 14, 14), (2048, 7, 7)], shapes


def company_matters_only_while_learning(model: Any) -> None:
    """A picture's scores depend on the others of its batch while learning, and not afterwards."""
    ours, x = tiny(model), torch.randn(4, 3, 33, 33)
    ours.train()
    for _ in range(3):
        ours(x)
    assert (ours(x)[:2] - ours(x[:2])).abs().max() > 1e-3
    ours.eval()
    assert (ours(x)[:2] - ours(x[:2])).abs().max() < 1e-12


def depth_inflates_gradients_of_plain_networks_only(model: Any) -> None:
    """From 8 layers to 56, the first layer's gradient grows over 300 times without shortcuts.

    With them it grows less than 15 times. Means of two seeds, before anything is learnt.
    """

    def grows(shortcuts: bool) -> float:
        shallow, deep = (
            sum(model.gradient_norms(model.small(depth, shortcuts), seed)[0] for seed in range(2))
            for depth in (8, 56)
        )
        return float(deep / shallow)

    plain = grows(False)
    assert plain > 300, plain
    residual = grows(True)
    assert residual < 15, residual


def loads_checkpoints(model: Any) -> None:
    """A random checkpoint in the library's format, statistics and all, gives its scores."""
    from safetensors.torch import save_file

    library = reference(bottleneck=True).float().eval()
    weights = library.state_dict()
    for name in learnt(library):
        nn.init.uniform_(weights[name], 0.5, 1.5) if "var" in name else nn.init.normal_(
            weights[name], std=0.3
        )
    x = torch.randn(2, 3, 64, 64, dtype=torch.float32)
    entries = {name: value.contiguous() for name, value in weights.items()}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        save_file(entries, folder / "model.safetensors")
        torch.save(entries, folder / "whole.pt")
        for file in (folder, folder / "whole.pt"):
            ours = tiny(model, bottleneck=True).float().eval()
            model.load(ours, file)
            scores = library(x).logits
            apart = ((ours(x) - scores).abs().max() / scores.abs().max()).item()
            assert apart < 1e-4, apart
        for wrong, said in (
            ({k: v for k, v in entries.items() if "running_var" not in k}, "is missing"),
            ({**entries, "resnet.another": torch.zeros(1)}, "does not fit"),
        ):
            torch.save(wrong, folder / "whole.pt")
            try:
                model.load(tiny(model, bottleneck=True).float(), folder / "whole.pt")
            except SystemExit as error:
                assert said in str(error), error
            else:
                raise AssertionError("a wrong checkpoint was taken")


def data_are_read_and_parted(model: Any) -> None:
    """The digits are read row by row, and none that is held out is learnt from."""
    x, y = model.digits()
    assert x.shape == (1797, 1, 8, 8) and x.min() == 0 and x.max() == 1, x.shape
    assert (x[0, 0, :2] * 16).tolist() == [[0, 0, 5, 13, 9, 1, 0, 0], [0, 0, 13, 15, 10, 15, 5, 0]]
    assert y[:10].tolist() == list(range(10))
    highest = 0
    draw = torch.randint

    def watch(high: int, *rest: Any, **named: Any) -> Tensor:
        nonlocal highest
        highest = high
        return draw(high, *rest, **named)

    torch.randint = watch  # type: ignore[assignment]
    kind = torch.get_default_dtype()
    torch.set_default_dtype(torch.float32)
    try:
        list(model.train(8, True, 0, 1))
    finally:
        torch.randint = draw
        torch.set_default_dtype(kind)
    assert highest == 1797 - 297, highest


# --- small runs ---------------------------------------------------------------------------------


def learn(depth: int, shortcuts: bool, model: Any, seed: int, steps: int) -> Iterator[Any]:
    """Learn the digits; yields the share of new ones that are recognised."""
    for step, _, share in model.train(depth, shortcuts, seed, steps):
        yield step, share


def lead(model: Any, seed: int, steps: int) -> Iterator[tuple[int, float]]:
    """Learn with and without shortcuts; yields the difference of the two shares."""
    plain, residual = (model.train(56, shortcuts, seed, steps) for shortcuts in (False, True))
    before = list(plain)
    for (step, _, without), (_, _, with_shortcuts) in zip(before, residual, strict=True):
        yield step, with_shortcuts - without


# --- the proof ----------------------------------------------------------------------------------

TORCHVISION = "https://pytorch.org/vision/stable/models/generated/torchvision.models.resnet"


def size(name: str, blocks: tuple[int, ...], published: Published | None = None) -> Size:
    """A network of Table 1; the paper itself counts no parameters of these."""
    bottleneck = int(name.rpartition("-")[2]) >= 50
    m, e = (1, 4) if bottleneck else (2, 1)
    n = {f"n{number}": blocks for number, blocks in enumerate(blocks, 1)}
    return Size(
        name,
        lambda model: model.ResNet(model.SIZES[name]),
        {**n, "w": 64, "m": m, "e": e, "K": 1000},
        published,
        reference=partial(reference, blocks, (64, 128, 256, 512), bottleneck, classes=1000),
    )


def stated(value: int, depth: int) -> Published:
    """The count that torchvision publishes with its weights."""
    return Published(value, 1, f"torchvision, resnet{depth}", f"{TORCHVISION}{depth}.html")


def stage(number: int) -> Row:
    """The convolutions of a stage's blocks: m of 3 x 3, and in bottlenecks (m = 1) two of 1 x 1."""
    w = f"{2 ** (number - 1)} * w" if number > 1 else "w"
    if number == 1:
        three = "9 * w * m * n1 * w"
        one = "(2 - m) * (w * w + (n1 - 1) * 4 * w * w + n1 * 4 * w * w)"
    else:
        half = f"{2 ** (number - 2)} * w"
        three = f"9 * {w} * (m * n{number} * {w} - (m - 1) * {half})"
        one = f"(2 - m) * {w} * (4 * {half} + (n{number} - 1) * 4 * {w} + n{number} * 4 * {w})"
    return Row(
        f"Stage {number}: convolutions",
        rf"stages\.{number - 1}\.\d+\.layers\.\d\.convolution\.weight",
        f"{three} + {one}",
    )


LEARNING = ("basic blocks, learning", "bottlenecks, learning")
LEARNT = ("basic blocks, learnt", "bottlenecks, learnt")
LIBRARY = "transformers.ResNetForImageClassification"

PROOF = Proof(
    code="resnet.py",
    sizes=(
        size("ResNet-50", (3, 4, 6, 3), stated(25_557_032, 50)),
        size("ResNet-18", (2, 2, 2, 2), stated(11_689_512, 18)),
        size("ResNet-34", (3, 4, 6, 3)),
        size("ResNet-101", (3, 4, 23, 3)),
        size("ResNet-152", (3, 8, 36, 3)),
    ),
    ledger=(
        Row("First convolution", r"stem\.convolution\.weight", "7 * 7 * 3 * w"),
        *(stage(number) for number in (1, 2, 3, 4)),
        Row(
            "Projected shortcuts",
            r"stages\.\d\.\d+\.shortcut\.convolution\.weight",
            "(2 - m) * 4 * w * w + e * e * (w * 2 * w + 2 * w * 4 * w + 4 * w * 8 * w)",
        ),
        Row(
            "Norms",
            r".*\.norm\.(weight|bias)",
            "2 * (w + (2 * (m - 1) + 6 * (2 - m)) * (n1 + 2 * n2 + 4 * n3 + 8 * n4) * w"
            " + e * 14 * w + (2 - m) * 4 * w)",
        ),
        Row("Scores", r"head\.(weight|bias)", "e * 8 * w * K + K"),
    ),
    equalities=(
        Equality(LEARNING[0], partial(pair, True, False, False), LIBRARY, "transformers"),
        Equality(LEARNT[0], partial(pair, False, False, False), LIBRARY, "transformers"),
        Equality(LEARNING[1], partial(pair, True, True, False), LIBRARY, "transformers"),
        Equality(LEARNT[1], partial(pair, False, True, False), LIBRARY, "transformers"),
        Equality(
            "bottlenecks with the paper's stride",
            partial(pair, False, True, True),
            f"{LIBRARY} with downsample_in_bottleneck",
            "transformers",
        ),
    ),
    invariants=(
        names_count_layers,
        multiply_adds_are_the_papers,
        cifar_sizes_are_the_papers,
        a_block_can_be_the_identity,
        padding_adds_zeros,
        shapes_are_table_1s,
        company_matters_only_while_learning,
        depth_inflates_gradients_of_plain_networks_only,
        loads_checkpoints,
        data_are_read_and_parted,
    ),
    mutants=(
        Mutant(
            "shortcut left out",
            "y + self.shortcut(x))",
            "y + 0 * self.shortcut(x))",
            (*LEARNING, *LEARNT, "a_block_can_be_the_identity", "padding_adds_zeros"),
        ),
        Mutant(
            "shortcut doubled",
            "y + self.shortcut(x))",
            "y + 2 * self.shortcut(x))",
            (*LEARNT, "a_block_can_be_the_identity"),
        ),
        Mutant(
            "shortcut added after the activation",
            "F.relu(y if self.plain else y + self.shortcut(x))",
            "F.relu(y) if self.plain else F.relu(y) + self.shortcut(x)",
            (*LEARNING, *LEARNT),
        ),
        Mutant(
            "shortcut in plain networks too",
            'self.plain = c.shortcut == "none"',
            "self.plain = False",
            ("a_block_can_be_the_identity",),
        ),
        Mutant(
            "gradient cut off at the shortcut",
            "y + self.shortcut(x))",
            "y + self.shortcut(x).detach())",
            (*LEARNING, *LEARNT, "a_block_can_be_the_identity"),
        ),
        Mutant("no activation between", "y = F.relu(layer(y))", "y = layer(y)"),
        Mutant("another activation", "y = F.relu(layer(y))", "y = F.gelu(layer(y))"),
        Mutant("no activation after the first layer", "F.relu(self.stem(x))", "self.stem(x)"),
        Mutant(
            "last activation left out",
            "F.relu(y if self.plain else y + self.shortcut(x))",
            "y if self.plain else y + self.shortcut(x)",
        ),
        Mutant(
            "norm left out",
            "self.norm(self.convolution(x))",
            "self.convolution(x)",
            (
                *LEARNING,
                *LEARNT,
                "company_matters_only_while_learning",
                "depth_inflates_gradients_of_plain_networks_only",
            ),
        ),
        Mutant(
            "mean over all batches instead of a moving one",
            "nn.BatchNorm2d(outputs)",
            "nn.BatchNorm2d(outputs, momentum=None)",
            LEARNING,
        ),
        Mutant(
            "running statistics not used",
            "return self.norm(self.convolution(x))",
            "return F.batch_norm(self.convolution(x), None, None, self.norm.weight, "
            "self.norm.bias, True)",
            (*LEARNT, "company_matters_only_while_learning"),
        ),
        Mutant("other epsilon", "nn.BatchNorm2d(outputs)", "nn.BatchNorm2d(outputs, eps=1e-3)"),
        Mutant(
            "other momentum",
            "nn.BatchNorm2d(outputs)",
            "nn.BatchNorm2d(outputs, momentum=0.01)",
            LEARNING,
        ),
        Mutant("maxima of no border", "kernel_size=3, stride=2, padding=1", "3, 2, ceil_mode=True"),
        Mutant("means instead of maxima", "F.max_pool2d(x, kernel", "F.avg_pool2d(x, kernel"),
        Mutant("largest instead of mean", ".mean(dim=(2, 3))", ".amax(dim=(2, 3))"),
        Mutant(
            "strides exchanged",
            "(stride, 1) if c.early_stride else (1, stride)",
            "(1, stride) if c.early_stride else (stride, 1)",
            (
                LEARNING[1],
                LEARNT[1],
                "bottlenecks with the paper's stride",
                "multiply_adds_are_the_papers",
            ),
        ),
        Mutant(
            "every block halves",
            "2 if number and not block else 1",
            "2 if number else 1",
            ("shapes_are_table_1s",),
        ),
        Mutant(
            "first stage halves",
            "2 if number and not block else 1",
            "2 if not block else 1",
            ("shapes_are_table_1s", "multiply_adds_are_the_papers"),
        ),
        Mutant(
            "a block too few",
            "(3, 4, 23, 3)",
            "(3, 4, 22, 3)",
            ("names_count_layers",),
        ),
        Mutant(
            "depth for CIFAR off", "(depth - 2) // 6", "depth // 6 + 1", ("names_count_layers",)
        ),
        Mutant(
            "wider for CIFAR",
            "(16, 32, 64), shortcut",
            "(16, 32, 65), shortcut",
            ("cifar_sizes_are_the_papers",),
        ),
        Mutant(
            "new channels first",
            "(0, 0, 0, 0, 0, self.new)",
            "(0, 0, 0, 0, self.new, 0)",
            ("padding_adds_zeros",),
        ),
        Mutant(
            "statistics not loaded",
            "missing = dict(model.state_dict())",
            "missing = {k: v if 'running' not in k else v.clone() "
            "for k, v in model.state_dict().items()}",
            ("loads_checkpoints",),
        ),
        Mutant(
            "learns from those held out",
            "torch.randint(seen, (64,))",
            "torch.randint(len(x), (64,))",
            ("data_are_read_and_parted",),
        ),
    ),
    runs=(
        Run(
            "56 layers with shortcuts",
            partial(learn, 56, True),
            "share of held-out digits recognised",
            steps=100,
            reach=0.8,
            short=(30, 0.25),
        ),
        Run(
            "The lead of 56 layers with shortcuts over 56 without",
            lead,
            "share recognised with shortcuts, less the share without",
            steps=100,
            reach=0.4,
            short=None,
        ),
    ),
    data=("../../Generative-AI/digits.txt",),
    speed=speed,
)

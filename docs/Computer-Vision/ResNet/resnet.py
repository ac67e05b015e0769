# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""ResNet, of "Deep Residual Learning for Image Recognition" (He, Zhang, Ren and Sun, 2015).

Letters in shapes: B pictures, C channels, H rows, W columns, K classes. Sections and tables are
those of arXiv 1512.03385.

Run it: python resnet.py    (it learns 8 x 8 digits with and without shortcuts, in under a minute)
Load weights: python resnet.py --weights FOLDER --size ResNet-50
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F


# region configurations
@dataclass(frozen=True)
class Config:
    """Sizes of a network.

    Attributes:
        blocks: In each stage; a stage after the first halves the picture's sides.
        widths: Channels of the 3 x 3 convolutions in each stage.
        bottleneck: Blocks of three convolutions (1 x 1, 3 x 3, 1 x 1) instead of two (3 x 3).
        early_stride: A bottleneck halves the sides in its first convolution, as the paper does;
            otherwise in its second, as the public weights do ("v1.5").
        shortcut: Where the shape changes, the input is projected (the paper's option B) or padded
            with zeros (option A); or there are no shortcuts at all, a plain network.
        small: Begin with one 3 x 3 convolution, for pictures of few pixels (section 4.2).
    """

    blocks: tuple[int, ...]
    widths: tuple[int, ...] = (64, 128, 256, 512)
    bottleneck: bool = False
    early_stride: bool = False
    shortcut: Literal["projection", "padding", "none"] = "projection"
    channels: int = 3
    classes: int = 1000
    small: bool = False


SIZES = {  # Table 1
    "ResNet-18": Config((2, 2, 2, 2)),
    "ResNet-34": Config((3, 4, 6, 3)),
    "ResNet-50": Config((3, 4, 6, 3), bottleneck=True),
    "ResNet-101": Config((3, 4, 23, 3), bottleneck=True),
    "ResNet-152": Config((3, 8, 36, 3), bottleneck=True),
}


def cifar(depth: int, shortcut: Literal["padding", "none"] = "padding") -> Config:
    """Return the network for CIFAR-10 of 6n + 2 layers (section 4.2)."""
    n = (depth - 2) // 6
    return Config((n,) * 3, (16, 32, 64), shortcut=shortcut, classes=10, small=True)


# endregion


# region block
class Convolution(nn.Module):
    """A convolution without bias, and batch normalisation: (B, C, H, W) to (B, D, H / s, W / s)."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(
            inputs, outputs, kernel, stride, padding=kernel // 2, bias=False
        )
        self.norm = nn.BatchNorm2d(outputs)
        nn.init.kaiming_normal_(self.convolution.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        """Filter and normalise."""
        return self.norm(self.convolution(x))


class Padding(nn.Module):
    """A shortcut without parameters: every s-th pixel, and zeros as new channels (option A)."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.stride, self.new = stride, outputs - inputs

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C, H, W) to (B, D, H / s, W / s)."""
        return F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.new))


class Block(nn.Module):
    """Two or three convolutions F, whose result is added to their input: relu(x + F(x))."""

    def __init__(self, c: Config, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        outputs = 4 * width if c.bottleneck else width
        shapes = [(inputs, width, 3, stride), (width, outputs, 3, 1)]
        if c.bottleneck:
            first, second = (stride, 1) if c.early_stride else (1, stride)
            shapes = [(inputs, width, 1, first), (width, width, 3, second), (width, outputs, 1, 1)]
        self.layers = nn.ModuleList(Convolution(*shape) for shape in shapes)
        self.plain = c.shortcut == "none"
        self.shortcut: nn.Module = nn.Identity()
        if (stride > 1 or inputs != outputs) and not self.plain:
            self.shortcut = (
                Convolution(inputs, outputs, 1, stride)
                if c.shortcut == "projection"
                else Padding(inputs, outputs, stride)
            )

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C, H, W) to (B, D, H / s, W / s)."""
        y = x
        for layer in self.layers[:-1]:
            y = F.relu(layer(y))
        y = self.layers[-1](y)
        return F.relu(y if self.plain else y + self.shortcut(x))


# endregion


# region model
class ResNet(nn.Module):
    """The whole network: a first convolution, the stages, and scores from the mean of each map."""

    def __init__(self, c: Config) -> None:
        super().__init__()
        self.config = c
        width = c.widths[0]
        self.stem = (
            Convolution(c.channels, width, 3) if c.small else Convolution(c.channels, width, 7, 2)
        )
        self.stages = nn.ModuleList()
        inputs = width
        for number, (blocks, width) in enumerate(zip(c.blocks, c.widths, strict=True)):
            stage = nn.Sequential()
            for block in range(blocks):
                stage.append(Block(c, inputs, width, 2 if number and not block else 1))
                inputs = 4 * width if c.bottleneck else width
            self.stages.append(stage)
        self.head = nn.Linear(inputs, c.classes)

    def maps(self, x: Tensor) -> list[Tensor]:
        """Return what each stage makes of pictures (B, 3, H, W); the last is (B, D, H/32, W/32)."""
        x = F.relu(self.stem(x))
        if not self.config.small:
            x = F.max_pool2d(x, kernel_size=3, stride=2, padding=1)
        found = []
        for stage in self.stages:
            x = stage(x)
            found.append(x)
        return found

    def forward(self, x: Tensor) -> Tensor:
        """Return the scores (B, K) of pictures (B, 3, H, W)."""
        return self.head(self.maps(x)[-1].mean(dim=(2, 3)))


def multiply_adds(c: Config, side: int = 224) -> int:
    """Count the multiplications of convolutions and head for one picture, which Table 1 states."""
    total = 0

    def count(layer: Any, _given: Any, result: Tensor) -> None:
        nonlocal total
        total += result.numel() * layer.weight[0].numel()

    with torch.device("meta"):
        model = ResNet(c).eval()
        for layer in model.modules():
            if isinstance(layer, nn.Conv2d | nn.Linear):
                layer.register_forward_hook(count)
        model(torch.empty(1, c.channels, side, side))
    return total


# endregion


# region weights
def our_name(theirs: str) -> str:
    """Return what an entry of a checkpoint of the transformers library is called here."""
    for part, name in (
        ("resnet.embedder.embedder", "stem"),
        ("resnet.encoder.stages", "stages"),
        (".layers.", "."),
        (".layer.", ".layers."),
        ("normalization", "norm"),
        ("classifier.1", "head"),
    ):
        theirs = theirs.replace(part, name)
    return theirs


def read_checkpoint(path: Path) -> Iterator[tuple[str, Tensor]]:
    """Yield name and value of each entry of a checkpoint: a file, or the folder that holds it.

    A ``.safetensors`` file is a length, a header in JSON, and the bytes that it points into; any
    other is read by ``torch.load``, weights only.
    """
    kinds = {"F32": torch.float32, "F16": torch.float16, "I64": torch.int64}
    files = [path] if path.is_file() else sorted(path.glob("*.safetensors"))
    for file in files or sorted(path.glob("*.bin")):
        if file.suffix != ".safetensors":
            yield from torch.load(file, map_location="cpu", weights_only=True).items()
            continue
        data = file.read_bytes()
        start = 8 + int.from_bytes(data[:8], "little")
        header = json.loads(data[8:start])
        header.pop("__metadata__", None)
        for name, entry in header.items():
            first, last = entry["data_offsets"]
            part = torch.frombuffer(
                bytearray(data[start + first : start + last]), dtype=torch.uint8
            )
            yield name, part.view(kinds[entry["dtype"]]).reshape(entry["shape"])


@torch.no_grad()
def load(model: ResNet, path: Path) -> None:
    """Copy a public checkpoint, running statistics and all, into a model.

    Raises:
        SystemExit: The checkpoint holds another model's weights, or not all of this one's.
    """
    missing = dict(model.state_dict())
    for name, value in read_checkpoint(path):
        try:
            missing.pop(our_name(name)).copy_(value)
        except (KeyError, RuntimeError):
            raise SystemExit(f"{path}: '{name}' does not fit. Name the model's --size.") from None
    missing = {name: value for name, value in missing.items() if value.dim()}  # no counters
    if missing:
        raise SystemExit(f"{path}: '{min(missing)}' is missing. Name the whole checkpoint.")


# endregion


# region gradients
DIGITS = Path(__file__).parent.parent.parent / "Generative-AI" / "digits.txt"
HELD_OUT = 297  # the last of the 1,797 digits


def digits() -> tuple[Tensor, Tensor]:
    """Return pictures (1797, 1, 8, 8) from 0 to 1 and the digits; the file's head has its form."""
    lines = [line.split() for line in DIGITS.read_text(encoding="utf-8").splitlines()]
    lines = [line for line in lines if line[0] != "#"]
    values = torch.tensor([[int(v, 17) for v in line[1]] for line in lines])
    return values.view(-1, 1, 8, 8) / 16, torch.tensor([int(line[0]) for line in lines])


def small(depth: int, shortcuts: bool) -> Config:
    """Return the network for CIFAR-10, half as wide, for digits; with shortcuts or plain."""
    c = cifar(depth, "padding" if shortcuts else "none")
    return replace(c, widths=(8, 16, 32), channels=1)


def gradient_norms(c: Config, seed: int) -> list[float]:
    """Return the gradient's norm at each convolution, first to last, before anything is learnt."""
    torch.manual_seed(seed)
    model = ResNet(c)
    x, y = digits()
    F.cross_entropy(model(x[:100].to(model.head.weight.dtype)), y[:100]).backward()
    layers = [layer for layer in model.modules() if isinstance(layer, Convolution)]
    return [float(layer.convolution.weight.grad.norm()) for layer in layers]  # type: ignore[union-attr]


# endregion


# region training
def train(
    depth: int, shortcuts: bool, seed: int, steps: int, every: int = 10
) -> Iterator[tuple[int, ResNet, float]]:
    """Learn the digits; yields step, model, and the share of held-out digits that it recognises."""
    torch.manual_seed(seed)
    model, (x, y) = ResNet(small(depth, shortcuts)), digits()
    seen = len(x) - HELD_OUT
    sgd = torch.optim.SGD(model.parameters(), lr=0.03, momentum=0.9, weight_decay=1e-4)
    for step in range(1, steps + 1):
        chosen = torch.randint(seen, (64,))
        F.cross_entropy(model(x[chosen]), y[chosen]).backward()
        sgd.step()
        sgd.zero_grad()
        if step % every == 0 or step == steps:
            model.eval()  # the running statistics, not those of the batch
            with torch.no_grad():
                right = model(x[seen:]).argmax(dim=1) == y[seen:]
            model.train()
            yield step, model, float(right.float().mean())


# endregion


# region example
def main() -> None:
    """Count the published sizes, weigh gradients by depth, and learn with and without shortcuts."""
    parser = argparse.ArgumentParser(description="ResNet.")
    parser.add_argument("--weights", type=Path, help="a checkpoint: a file, or its folder")
    parser.add_argument("--size", default="ResNet-50", choices=SIZES, help="whose weights they are")
    given = parser.parse_args()
    if given.weights:
        model = ResNet(SIZES[given.size])
        load(model, given.weights)
        print(f"{given.size}: {sum(p.numel() for p in model.parameters()):,} parameters loaded")
        return
    print("parameters; billions of multiply-adds with the paper's stride and v1.5's")
    for name, config in SIZES.items():
        with torch.device("meta"):
            total = sum(p.numel() for p in ResNet(config).parameters())
        early, late = (
            multiply_adds(replace(config, early_stride=early)) / 1e9 for early in (True, False)
        )
        print(f"{name:10} {total:10,} {early:5.2f} {late:5.2f}")
    print("gradient at the first convolution, mean of 3 seeds; plain, then with shortcuts")
    for depth in (8, 20, 32, 44, 56):
        plain, residual = (
            sum(gradient_norms(small(depth, shortcuts), seed)[0] for seed in range(3)) / 3
            for shortcuts in (False, True)
        )
        print(f"{depth:2} layers {plain:8.2f} {residual:5.2f}")
    print("new digits recognised after 20, 40, 60, 80, 100 steps")
    for depth, shortcuts in ((20, False), (56, False), (56, True)):
        shares = [share for _, _, share in train(depth, shortcuts, 0, 100, every=20)]
        kind = "residual" if shortcuts else "plain"
        print(f"{depth}, {kind:8}", *(f"{share:.0%}" for share in shares))


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
# endregion

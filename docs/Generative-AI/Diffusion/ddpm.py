# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Diffusion as in "Denoising Diffusion Probabilistic Models" (Ho, Jain and Abbeel, 2020).

    python ddpm.py                     draw digits as asked, with a small network
    python ddpm.py --weights FILE      load the public weights for CIFAR-10

Shapes: B pictures of C colours, H x W pixels from -1 to 1. Steps t run from 0, the picture itself,
to T, noise. To use it from elsewhere: ``train`` learns the digits (``drop=1`` without labels), and
``sample`` draws from the network that it yields. Equations without a name are of arXiv 2006.11239.
"""

from __future__ import annotations

import argparse
import json
import math
import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Literal, TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F


# region configurations
@dataclass(frozen=True)
class Config:
    """Sizes of a U-Net; the defaults are the paper's for CIFAR-10 (appendix B).

    Attributes:
        size: H and W of a picture.
        colours: C.
        widths: Channels at each height, from H down, each half as high as the one before.
        attention: Heights at which each position looks at all others.
        blocks: Residual blocks at each height on the way down; one more on the way up.
        groups: Of each group normalisation.
        dropout: Share of numbers set to zero in each residual block.
        classes: Labels that may be asked for; 0 for none.
    """

    size: int = 32
    colours: int = 3
    widths: tuple[int, ...] = (128, 256, 256, 256)
    attention: tuple[int, ...] = (16,)
    blocks: int = 2
    groups: int = 32
    dropout: float = 0.1
    classes: int = 0


CIFAR_10 = Config()
LSUN = Config(size=256, widths=(128, 128, 256, 256, 512, 512), dropout=0.0)  # and CelebA-HQ
# endregion


# region blocks
Layer = TypeVar("Layer", bound=nn.Module)


class ResBlock(nn.Module):
    """Two convolutions, the step's code added between them, and a way around both."""

    def __init__(self, c: Config, inputs: int, width: int) -> None:
        super().__init__()
        self.norm1 = nn.GroupNorm(c.groups, inputs, eps=1e-6)
        self.conv1 = nn.Conv2d(inputs, width, 3, padding=1)
        self.time = nn.Linear(4 * c.widths[0], width)
        self.norm2 = nn.GroupNorm(c.groups, width, eps=1e-6)
        self.dropout = nn.Dropout(c.dropout)
        self.conv2 = silent(nn.Conv2d(width, width, 3, padding=1))
        self.shortcut = nn.Identity() if inputs == width else nn.Conv2d(inputs, width, 1)

    def forward(self, x: Tensor, code: Tensor) -> Tensor:
        """Map x, (B, inputs, h, w), and the activated code, (B, 4 d), to (B, width, h, w)."""
        h = self.conv1(F.silu(self.norm1(x))) + self.time(code)[:, :, None, None]
        h = self.conv2(self.dropout(F.silu(self.norm2(h))))
        result: Tensor = self.shortcut(x) + h
        return result


class Attention(nn.Module):
    """Every position of a picture gathers from all positions; one head, and a way around it."""

    def __init__(self, c: Config, width: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(c.groups, width, eps=1e-6)
        self.query, self.key, self.value = (nn.Linear(width, width) for _ in range(3))
        self.output = silent(nn.Linear(width, width))

    def forward(self, x: Tensor) -> Tensor:
        """Map x, (B, width, h, w), to the same shape."""
        rows = self.norm(x).flatten(2).transpose(1, 2)  # (B, h w, width)
        seen = F.scaled_dot_product_attention(self.query(rows), self.key(rows), self.value(rows))
        return x + self.output(seen).transpose(1, 2).view_as(x)


class Halve(nn.Conv2d):
    """A convolution of stride 2, with zeros at the right and lower edge alone, as in TensorFlow."""

    def __init__(self, width: int) -> None:
        super().__init__(width, width, 3, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, width, h, w) to (B, width, h / 2, w / 2)."""
        return super().forward(F.pad(x, (0, 1, 0, 1)))


class Double(nn.Conv2d):
    """Each position four times, then a convolution."""

    def __init__(self, width: int) -> None:
        super().__init__(width, width, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, width, h, w) to (B, width, 2 h, 2 w)."""
        return super().forward(F.interpolate(x, scale_factor=2.0))


def silent(layer: Layer) -> Layer:
    """Set a layer to zero: at the start, what it ends adds nothing (the authors' code)."""
    for parameter in layer.parameters():
        nn.init.zeros_(parameter)
    return layer


# endregion


# region code
def embed(t: Tensor, width: int) -> Tensor:
    """Return sines and cosines of the steps t, (B,), as (B, width), in float64.

    Their rates fall from 1 to 1/10,000. The first step, t = 1, has the code of 0.
    """
    half = width // 2
    rate = 10_000 ** -(torch.arange(half, dtype=torch.float64, device=t.device) / (half - 1))
    angle = (t - 1)[:, None] * rate
    return torch.cat((angle.sin(), angle.cos()), dim=1)


class Denoiser(nn.Module):
    """What all networks here share: they are told the step and, if they know any, the label."""

    def __init__(self, c: Config) -> None:
        super().__init__()
        self.config = c
        width = c.widths[0]
        self.time = nn.Sequential(
            nn.Linear(width, 4 * width), nn.SiLU(), nn.Linear(4 * width, 4 * width)
        )
        self.label = nn.Embedding(c.classes + 1, 4 * width) if c.classes else None

    def code(self, x: Tensor, t: Tensor, label: Tensor | None) -> Tensor:
        """Return the code of steps t and labels, (B,) each, as (B, 4 d), after its activation.

        Labels are from 0 up; ``classes`` itself means none, as does None for the whole batch.
        """
        code: Tensor = self.time(embed(t, self.config.widths[0]).to(x))
        if self.label is not None:
            none = torch.full_like(t, self.config.classes)
            code = code + self.label(none if label is None else label)
        return F.silu(code)


# endregion


# region network
class Level(nn.Module):
    """The blocks of one height, attention after those that are asked for it, and a resize."""

    def __init__(
        self,
        c: Config,
        inputs: list[int],
        width: int,
        attends: list[bool],
        resize: nn.Module | None,
    ) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(ResBlock(c, i, width) for i in inputs)
        self.attentions = nn.ModuleList(
            Attention(c, width) if a else nn.Identity() for a in attends
        )
        self.resize = resize

    def step(self, number: int, x: Tensor, code: Tensor) -> Tensor:
        """Return what a block and its attention make of x."""
        result: Tensor = self.attentions[number](self.blocks[number](x, code))
        return result


class UNet(Denoiser):
    """Down to small and many-channelled, up again, with what was seen on the way down at hand."""

    def __init__(self, c: Config) -> None:
        super().__init__(c)
        width = c.widths[0]
        self.first = nn.Conv2d(c.colours, width, 3, padding=1)
        self.down, self.up = nn.ModuleList(), nn.ModuleList()
        heights = [c.size // 2**i for i in range(len(c.widths))]
        kept = [width]  # channels of all that the way up will take back
        for i, out in enumerate(c.widths):
            inputs = [width] + (c.blocks - 1) * [out]
            attends = c.blocks * [heights[i] in c.attention]
            resize = Halve(out) if i < len(c.widths) - 1 else None
            self.down.append(Level(c, inputs, out, attends, resize))
            kept += (c.blocks + (resize is not None)) * [out]
            width = out
        self.middle = Level(c, [width, width], width, [True, False], None)
        for i, out in reversed(list(enumerate(c.widths))):
            inputs = [kept.pop() + (out if j else width) for j in range(c.blocks + 1)]
            attends = (c.blocks + 1) * [heights[i] in c.attention]
            self.up.append(Level(c, inputs, out, attends, Double(out) if i else None))
            width = out
        self.norm = nn.GroupNorm(c.groups, width, eps=1e-6)
        self.last = silent(nn.Conv2d(width, c.colours, 3, padding=1))

    def forward(self, x: Tensor, t: Tensor, label: Tensor | None = None) -> Tensor:
        """Say what is asked of noisy pictures x, (B, C, H, W), at steps t, (B,); the same shape."""
        code = self.code(x, t, label)
        x = self.first(x)
        kept = [x]
        for level in self.down:
            assert isinstance(level, Level)
            for number in range(len(level.blocks)):
                x = level.step(number, x, code)
                kept.append(x)
            if level.resize is not None:
                x = level.resize(x)
                kept.append(x)
        for number in range(2):
            x = self.middle.step(number, x, code)
        for level in self.up:
            assert isinstance(level, Level)
            for number in range(len(level.blocks)):
                x = level.step(number, torch.cat((x, kept.pop()), dim=1), code)
            if level.resize is not None:
                x = level.resize(x)
        result: Tensor = self.last(F.silu(self.norm(x)))
        return result


# endregion


# region dense
class Dense(Denoiser):
    """All pixels at once, in residual blocks of width 4 d: quick for pictures as small as these."""

    def __init__(self, c: Config) -> None:
        super().__init__(c)
        width = 4 * c.widths[0]
        self.first = nn.Linear(c.colours * c.size**2, width)
        self.blocks = nn.ModuleList(
            nn.ModuleList(
                (nn.LayerNorm(width), nn.Linear(width, width), silent(nn.Linear(width, width)))
            )
            for _ in range(c.blocks)
        )
        self.last = silent(nn.Linear(width, c.colours * c.size**2))

    def forward(self, x: Tensor, t: Tensor, label: Tensor | None = None) -> Tensor:
        """Do what the U-Net does, for the same arguments."""
        code = self.code(x, t, label)
        h = self.first(x.flatten(1))
        for block in self.blocks:
            assert isinstance(block, nn.ModuleList)
            h = h + block[2](F.silu(block[1](block[0](h)) + code))
        result: Tensor = self.last(F.silu(h)).view_as(x)
        return result


# endregion


# region process
def linear(steps: int = 1000) -> Tensor:
    """Return the variances of the noise that each step adds, (T,): from 0.0001 to 0.02."""
    return torch.linspace(1e-4, 0.02, steps, dtype=torch.float64)


def cosine(steps: int = 1000) -> Tensor:
    """Return variances, (T,), under which less of the picture is lost early.

    Source: Nichol and Dhariwal, Improved DDPM, 2021, equation 17; s = 0.008, at most 0.999.
    """
    place = torch.arange(steps + 1, dtype=torch.float64) / steps
    left = ((place + 0.008) / 1.008 * math.pi / 2).cos() ** 2
    return (1 - left[1:] / left[:-1]).clamp(max=0.999)


Says = Literal["noise", "picture", "velocity"]


class Process:
    """How a picture becomes noise, and what a network is to say about it.

    Attributes:
        left: Alpha bar of the steps 0 to T, (T + 1,): the share of the variance that the picture
            still has.
        says: What the network says: the noise, the picture, or the velocity of Salimans and Ho.
    """

    def __init__(self, betas: Tensor, says: Says = "noise") -> None:
        self.left = torch.cat((torch.ones(1).double(), (1 - betas.double()).cumprod(dim=0)))
        self.says = says

    @property
    def steps(self) -> int:
        """T."""
        return len(self.left) - 1

    def parts(self, t: Tensor | int, like: Tensor) -> tuple[Tensor, Tensor]:
        """Return the factors of picture and noise at steps t, (B, 1, 1, 1) each, or scalars."""
        left = self.left[t]
        left = left.view(-1, 1, 1, 1) if left.dim() else left
        return left.sqrt().to(like), (1 - left).sqrt().to(like)

    def noisy(self, picture: Tensor, t: Tensor | int, noise: Tensor) -> Tensor:
        """Return pictures, (B, C, H, W), after t steps at once (equation 4)."""
        a, s = self.parts(t, picture)
        return a * picture + s * noise

    def target(self, picture: Tensor, t: Tensor | int, noise: Tensor) -> Tensor:
        """Return what the network should say of the noisy pictures."""
        a, s = self.parts(t, picture)
        return {"noise": noise, "picture": picture, "velocity": a * noise - s * picture}[self.says]

    def picture(self, x: Tensor, t: Tensor | int, said: Tensor) -> Tensor:
        """Return the pictures that follow from noisy ones, x, and what was said of them.

        Sources: equation 15; Salimans and Ho, Progressive Distillation, 2022, appendix D.
        """
        a, s = self.parts(t, x)
        if self.says == "noise":
            return (x - s * said) / a
        return said if self.says == "picture" else a * x - s * said

    def places(self, number: int) -> list[int]:
        """Return T, 0, and steps between, evenly spread: ``number`` moves in all."""
        return [round(self.steps * i / number) for i in range(number, -1, -1)]


PAPER = Process(linear())
EASY = Process(linear(), says="picture")  # what a small network learns soonest, see the page


def loss(
    model: Denoiser,
    process: Process,
    picture: Tensor,
    t: Tensor,
    noise: Tensor,
    label: Tensor | None = None,
) -> Tensor:
    """Return the mean square of what the network gets wrong (equation 14)."""
    said = model(process.noisy(picture, t, noise), t, label)
    return F.mse_loss(said, process.target(picture, t, noise))


# endregion


# region samplers
Move = Callable[[Process, Tensor, int, int, Tensor, Tensor], Tensor]


def ddpm(
    process: Process,
    x: Tensor,
    t: int,
    s: int,
    said: Tensor,
    noise: Tensor,
    large: bool = False,
    clip: bool = True,
) -> Tensor:
    """Move pictures x from step t to an earlier step s, by chance (equations 6, 7 and 11).

    Args:
        process: The process that is undone.
        x: Noisy pictures, (B, C, H, W).
        t: Where they are.
        s: Where they shall be, 0 <= s < t.
        said: What the network says of them.
        noise: Fresh standard normal noise of the same shape.
        large: Take beta as the variance, not that of the posterior (section 3.2).
        clip: Keep the picture that is made out between -1 and 1.
    """
    picture = process.picture(x, t, said)
    picture = picture.clamp(-1, 1) if clip else picture
    here, there = float(process.left[t]), float(process.left[s])
    alpha = here / there
    mean = (
        math.sqrt(there) * (1 - alpha) / (1 - here) * picture
        + math.sqrt(alpha) * (1 - there) / (1 - here) * x
    )
    variance = (1 - alpha) * (1 if large and s else (1 - there) / (1 - here))
    return mean + math.sqrt(variance) * noise


def ddim(
    process: Process,
    x: Tensor,
    t: int,
    s: int,
    said: Tensor,
    noise: Tensor,
    eta: float = 0.0,
    clip: bool = True,
) -> Tensor:
    """Move as ``ddpm`` does, but with less chance in it: none with eta 0, as much with eta 1.

    Source: Song, Meng and Ermon, Denoising Diffusion Implicit Models, 2020, equations 12 and 16.
    """
    picture = process.picture(x, t, said)
    picture = picture.clamp(-1, 1) if clip else picture
    here, there = float(process.left[t]), float(process.left[s])
    found = (x - math.sqrt(here) * picture) / math.sqrt(1 - here)  # the noise in x
    spread = eta * math.sqrt((1 - there) / (1 - here) * (1 - here / there))
    return (
        math.sqrt(there) * picture
        + math.sqrt(max(0.0, 1 - there - spread**2)) * found
        + spread * noise
    )


def guided(model: Denoiser, x: Tensor, t: Tensor, label: Tensor, strength: float) -> Tensor:
    """Say what goes with the label, less what goes with any: (1 + w) with it, - w without.

    Source: Ho and Salimans, Classifier-Free Diffusion Guidance, 2022, equation 6; w = 0 is the
    plain conditional network, w = -1 the one without labels.
    """
    none = torch.full_like(label, model.config.classes)
    both = model(torch.cat((x, x)), torch.cat((t, t)), torch.cat((label, none)))
    with_it, without = both.chunk(2)
    return (1 + strength) * with_it - strength * without


@torch.no_grad()
def sample(
    model: Denoiser,
    process: Process,
    x: Tensor,
    label: Tensor | None = None,
    moves: int = 0,
    move: Move = ddpm,
    strength: float = 0.0,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Turn noise into pictures (algorithm 2).

    Args:
        model: The trained network, which is set to evaluation for the time.
        process: The process that it was trained for.
        x: Standard normal noise, (B, C, H, W).
        label: What to draw, (B,); None for anything.
        moves: Number of steps to take, evenly spread over the T; 0 for all.
        move: ``ddpm``, ``ddim``, or one of them with options set (``functools.partial``).
        strength: Of the guidance towards the label.
        generator: Of the noise on the way.

    Returns:
        Pictures, (B, C, H, W), from -1 to 1.
    """
    learning = model.training
    model.eval()
    for t, s in pairwise(process.places(moves or process.steps)):
        step = torch.full((len(x),), t, device=x.device)
        if label is None or not strength:
            said = model(x, step, label)
        else:
            said = guided(model, x, step, label, strength)
        noise = torch.randn(x.shape, generator=generator, dtype=x.dtype).to(x.device)
        x = move(process, x, t, s, said, noise)
    model.train(learning)
    return x


# endregion


# region weights
# What the diffusers library calls the parts, and what they are called here; of two names for the
# same, the first is in files that were written before 2023.
NAMES = {
    "conv_in": "first", "conv_norm_out": "norm", "conv_out": "last", "class_embedding": "label",
    "time_embedding.linear_1": "time.0", "time_embedding.linear_2": "time.2",
    "down_blocks": "down", "mid_block": "middle", "up_blocks": "up", "resnets": "blocks",
    "time_emb_proj": "time", "conv_shortcut": "shortcut", "group_norm": "norm",
    "downsamplers.0.conv": "resize", "upsamplers.0.conv": "resize",
    "to_q": "query", "to_k": "key", "to_v": "value", "proj_attn": "output", "to_out.0": "output",
}  # fmt: skip


def our_name(theirs: str) -> str:
    """Return what a weight of a checkpoint is called here."""
    known = "|".join(re.escape(name) for name in NAMES)
    return re.sub(rf"(?<![^.])({known})(?=\.)", lambda found: NAMES[found[1]], theirs)


def read_checkpoint(file: Path) -> Iterator[tuple[str, Tensor]]:
    """Yield name and weight of each entry of a file.

    A ``.safetensors`` file is a length, a header in JSON, and the bytes that it points into; any
    other is read by ``torch.load``, weights only.
    """
    if file.suffix != ".safetensors":
        yield from torch.load(file, map_location="cpu", weights_only=True).items()
        return
    kinds = {"F32": torch.float32, "F16": torch.float16}
    with file.open("rb") as opened:
        header = json.loads(opened.read(int.from_bytes(opened.read(8), "little")))
        start = opened.tell()
        header.pop("__metadata__", None)
        for name, entry in header.items():
            first, last = entry["data_offsets"]
            opened.seek(start + first)
            data = torch.frombuffer(bytearray(opened.read(last - first)), dtype=torch.uint8)
            yield name, data.view(kinds[entry["dtype"]]).reshape(entry["shape"])


@torch.no_grad()
def load(model: UNet, file: Path) -> None:
    """Copy a public checkpoint, in the layout of the diffusers library, into a model.

    Raises:
        SystemExit: The file holds another model's weights, or not all of this one's.
    """
    missing = dict(model.named_parameters())
    for name, weight in read_checkpoint(file):
        mine = missing.pop(our_name(name), None)
        if mine is None or mine.shape != weight.shape:
            raise SystemExit(f"{file}: '{name}' does not fit. Name the model's own file.")
        mine.copy_(weight)
    if missing:
        raise SystemExit(f"{file}: '{min(missing)}' is missing. Name the whole checkpoint.")


# endregion


# region training
SMALL = Config(size=8, colours=1, widths=(48,), blocks=3, dropout=0.0, classes=10)
DIGITS = Path(__file__).parent.parent / "digits.txt"
HELD_OUT = 297  # the last of the 1,797 digits


def digits() -> tuple[Tensor, Tensor]:
    """Return the pictures, (1797, 1, 8, 8), from -1 to 1, and which digit each shows, (1797,)."""
    lines = (line.split() for line in DIGITS.read_text(encoding="utf-8").splitlines())
    rows = [(int(line[0]), [int(v, 17) for v in line[1]]) for line in lines if line[0] != "#"]
    values, labels = torch.tensor([row for _, row in rows]), torch.tensor([n for n, _ in rows])
    return values.view(-1, 1, 8, 8) / 8 - 1, labels


def judge() -> nn.Module:
    """Return a small classifier of the digits that are learnt from, always the same one."""
    pictures, labels = (x[:-HELD_OUT] for x in digits())
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = nn.Sequential(nn.Flatten(), nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 10))
        adam = torch.optim.AdamW(model.parameters(), 3e-3, weight_decay=0.1)
        for _ in range(300):
            chosen = torch.randint(len(pictures), (64,))
            adam.zero_grad()
            noise = 0.5 * torch.randn(64, 1, 8, 8)
            F.cross_entropy(model(pictures[chosen] + noise), labels[chosen]).backward()
            adam.step()
    return model


@torch.no_grad()
def as_asked(pictures: Tensor, labels: Tensor, referee: nn.Module) -> float:
    """Return the share of pictures, (B, 1, 8, 8), in which the judge sees the digits asked for."""
    return float((referee(pictures).argmax(dim=1) == labels).float().mean())


def train(
    seed: int,
    steps: int,
    every: int = 50,
    process: Process = EASY,
    drop: float = 0.1,
    c: Config = SMALL,
) -> Iterator[tuple[int, Denoiser, float]]:
    """Learn the digits (algorithm 1).

    Args:
        seed: Of weights, order, steps and noise.
        steps: Batches of 64 digits.
        every: Batches from one result to the next.
        process: What the network is trained to undo.
        drop: Share of labels that are hidden, so that the network learns to do without; 1 hides
            all, which makes it a model without labels.
        c: Sizes of the network.

    Yields:
        Batches seen; the network with the running mean of its weights, from which to draw; and the
        share of 200 digits that are drawn as asked, in 20 moves of DDIM without guidance.
    """
    torch.manual_seed(seed)
    model, (pictures, labels), referee = Dense(c), digits(), judge()
    mean = deepcopy(model)
    adam = torch.optim.Adam(model.parameters(), lr=0.0)
    start, asked = torch.randn(200, 1, 8, 8), torch.arange(200) % 10
    for step in range(1, steps + 1):
        # Warm-up, then full speed, and a linear fall in the last third.
        adam.param_groups[0]["lr"] = 2e-3 * min(1, step / 50, 3 * (1 - step / (steps + 1)))
        chosen = torch.randint(len(pictures) - HELD_OUT, (64,))
        x, label = pictures[chosen], labels[chosen].masked_fill(torch.rand(64) < drop, c.classes)
        t = torch.randint(1, process.steps + 1, (64,))
        loss(model, process, x, t, torch.randn_like(x), label).backward()
        adam.step()
        adam.zero_grad()
        with torch.no_grad():
            for slow, fast in zip(mean.parameters(), model.parameters(), strict=True):
                slow.lerp_(fast, max(0.02, 1 / step))
        if step % every == 0 or step == steps:
            drawn = sample(mean, process, start, asked, moves=20, move=ddim)
            yield step, mean, as_asked(drawn, asked, referee)


# endregion


# region example
@torch.no_grad()
def nearest(pictures: Tensor, seen: Tensor) -> float:
    """Return the mean distance from each picture to the nearest of those seen, (N, 1, 8, 8)."""
    return float(torch.cdist(pictures.flatten(1), seen.flatten(1)).amin(dim=1).mean())


def spread(pictures: Tensor, labels: Tensor) -> float:
    """Return the standard deviation of a pixel among pictures of one label, on average."""
    kinds = [pictures[labels == label].std(dim=0).mean() for label in labels.unique()]
    return float(torch.stack(kinds).mean())


def text(pictures: Tensor) -> str:
    """Return pictures, (B, 1, 8, 8), side by side as text, two characters a pixel."""
    shades = ((pictures[:, 0] + 1) * 2).round().int().clamp(0, 4)
    lines = shades.permute(1, 0, 2).flatten(1).tolist()
    return "\n".join("".join(" .:+#"[v] * 2 for v in line).rstrip() for line in lines)


def draw_with(file: Path, out: Path) -> None:
    """Load the public weights for CIFAR-10 and write four pictures as a portable pixmap."""
    model = UNet(CIFAR_10)
    load(model, file)
    print(f"{sum(p.numel() for p in model.parameters()):,} parameters loaded")
    x = torch.randn(4, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    drawn = sample(model, PAPER, x, moves=50, move=ddim)
    pixels = ((drawn + 1) * 127.5).round().clamp(0, 255).byte().permute(2, 0, 3, 1)
    out.write_bytes(b"P6 128 32 255\n" + bytes(pixels.flatten().tolist()))
    print(f"four pictures written to {out}")


def main() -> None:
    """Count the paper's networks, learn the digits, and draw them in several ways."""
    parser = argparse.ArgumentParser(description="Denoising diffusion.")
    parser.add_argument("--weights", type=Path, help="a checkpoint for CIFAR-10")
    parser.add_argument("--out", type=Path, default="drawn.ppm", help="where to draw with it")
    given = parser.parse_args()
    if given.weights:
        draw_with(given.weights, given.out)
        return
    for name, config in (("CIFAR-10", CIFAR_10), ("LSUN, CelebA-HQ", LSUN)):
        with torch.device("meta"):
            total = sum(p.numel() for p in UNet(config).parameters())
        print(f"{name:15}  {total:11,} parameters")
    for name, betas in (("linear", linear()), ("cosine", cosine())):
        left = Process(betas).left[[250, 500, 750, 1000]]
        print(f"{name}: left at steps 250, 500, 750, 1000:", *(f"{share:.5f}" for share in left))
    for step, model, share in train(seed=0, steps=400, every=100):  # noqa: B007
        print(f"step {step}: {share:.1%} drawn as asked")
    (pictures, labels), referee = digits(), judge()
    seen, unseen = pictures[:-HELD_OUT], pictures[-HELD_OUT:]
    print(
        f"digits held out: {as_asked(unseen, labels[-HELD_OUT:], referee):.1%} judged right, "
        f"spread {spread(unseen, labels[-HELD_OUT:]):.2f}, nearest {nearest(unseen, seen):.2f}"
    )
    generator = torch.Generator().manual_seed(0)
    x, asked = torch.randn(100, 1, 8, 8, generator=generator), torch.arange(100) % 10
    last = x
    for name, move, moves, strength in (
        ("DDIM", ddim, 2, 0.0), ("DDIM", ddim, 10, 0.0), ("DDIM", ddim, 50, 0.0),
        ("DDPM", ddpm, 10, 0.0), ("DDPM", ddpm, 50, 0.0), ("DDPM", ddpm, 1000, 0.0),
        ("DDIM", ddim, 10, 1.0), ("DDIM", ddim, 10, 4.0), ("DDIM", ddim, 10, -1.0),
    ):  # fmt: skip
        drawn = sample(model, EASY, x, asked, moves, move, strength, generator)
        last = drawn if moves == 1000 else last
        print(
            f"{name} in {moves:4} moves, guidance {strength:2.0f}: "
            f"{as_asked(drawn, asked, referee):6.1%} as asked, "
            f"spread {spread(drawn, asked):.2f}, nearest {nearest(drawn, seen):.2f}"
        )
    print(f"0 to 4, DDPM in 1000 moves\n{text(last[:5])}\n5 to 9\n{text(last[5:10])}")


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
# endregion

# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""GAN: the game of 2014, played by DCGAN's networks, with spectral normalisation and R1 as options.

    python gan.py      learn the ten digits twice: once the game collapses, once it is held

Shapes: B pictures, C colours, S pixels a side, Z numbers of noise, w channels next to the picture.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import parametrize

DIGITS = Path(__file__).parent.parent / "digits.txt"


# region config
@dataclass(frozen=True)
class Config:
    """Sizes of both networks; the defaults are DCGAN's for bedrooms.

    Attributes:
        size: S, pixels a side; a power of two times the base.
        base: Side of the smallest map, where the generator starts and the discriminator ends.
        colours: C, of a picture.
        noise: Z, length of what the generator is given.
        width: w, channels next to the picture; each halving of the side doubles them.
        batch_norm: Whether the discriminator has batch normalisation; the generator always has.
        spectral: Whether the discriminator's matrices are divided by their spectral norm.
    """

    size: int = 64
    base: int = 4
    colours: int = 3
    noise: int = 100
    width: int = 128
    batch_norm: bool = True
    spectral: bool = False

    @property
    def widths(self) -> list[int]:
        """Channels from the picture inwards: w, 2w, 4w, … down to the base."""
        halvings = int(math.log2(self.size // self.base))
        return [self.width * 2**i for i in range(halvings)]


DCGAN = Config()
SMALL = Config(size=8, base=2, colours=1, noise=16, width=16, batch_norm=False)
# endregion


# region generator
class Generator(nn.Module):
    """Noise to picture: a projection, then transposed convolutions that double the side.

    Source: Radford, Metz and Chintala, 2015, figure 1 and section 3; kernels of 5 x 5, no biases
    where a normalisation follows, from the authors' code.
    """

    def __init__(self, c: Config) -> None:
        super().__init__()
        widths = [*reversed(c.widths), c.colours]
        self.start = (widths[0], c.base, c.base)
        self.project = nn.Linear(c.noise, math.prod(self.start), bias=False)
        self.norms = nn.ModuleList(
            [nn.BatchNorm1d(math.prod(self.start)), *map(nn.BatchNorm2d, widths[1:-1])]
        )
        self.ups = nn.ModuleList(
            nn.ConvTranspose2d(a, b, 5, stride=2, padding=2, output_padding=1, bias=False)
            for a, b in itertools.pairwise(widths)
        )
        self.apply(start_small)

    def forward(self, z: Tensor) -> Tensor:
        """Turn noise (B, Z) into pictures (B, C, S, S) with values from -1 to 1."""
        x = self.project(z)
        for i, up in enumerate(self.ups):
            x = F.relu(self.norms[i](x))
            x = up(x.unflatten(1, self.start) if i == 0 else x)
        return torch.tanh(x)


# endregion


# region discriminator
class Discriminator(nn.Module):
    """Picture to logit: convolutions that halve the side, then one sum over what is left.

    The probability that a picture is real is the sigmoid of the logit.
    """

    def __init__(self, c: Config) -> None:
        super().__init__()
        widths = [c.colours, *c.widths]
        self.downs = nn.ModuleList(
            nn.Conv2d(a, b, 5, stride=2, padding=2, bias=not c.batch_norm)
            for a, b in itertools.pairwise(widths)
        )
        self.norms = nn.ModuleList(nn.BatchNorm2d(w) for w in c.widths[1:] if c.batch_norm)
        self.score = nn.Linear(c.widths[-1] * c.base**2, 1, bias=not c.batch_norm)
        self.apply(start_small)
        if c.spectral:
            for layer in [*self.downs, self.score]:
                parametrize.register_parametrization(layer, "weight", Spectral(layer.weight))

    def forward(self, x: Tensor) -> Tensor:
        """Score pictures (B, C, S, S); returns logits (B,)."""
        for i, down in enumerate(self.downs):
            x = down(x)
            if i > 0 and len(self.norms) > 0:
                x = self.norms[i - 1](x)
            x = F.leaky_relu(x, 0.2)
        return self.score(x.flatten(1)).squeeze(1)


# endregion


def start_small(layer: nn.Module) -> None:
    """Draw weights from N(0, 0.02), as DCGAN does (section 4); biases start at 0."""
    if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(layer.weight, std=0.02)
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)


# region spectral
class Spectral(nn.Module):
    """Divides a weight by its largest singular value, followed by one step of power iteration.

    Source: Miyato et al., Spectral Normalization for Generative Adversarial Networks, 2018,
    algorithm 1. A kernel (out, in, k, k) is read as a matrix of `out` rows.
    """

    u: Tensor
    v: Tensor

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        rows = weight.detach().flatten(1)
        self.register_buffer("u", F.normalize(torch.randn(rows.shape[0]), dim=0))
        self.register_buffer("v", F.normalize(torch.randn(rows.shape[1]), dim=0))
        for _ in range(15):
            self.iterate(rows)

    @torch.no_grad()
    def iterate(self, rows: Tensor) -> None:
        """Turn u (out,) and v (in * k * k,) towards the first pair of singular vectors."""
        self.u = F.normalize(rows @ self.v, dim=0, eps=1e-12)
        self.v = F.normalize(rows.T @ self.u, dim=0, eps=1e-12)

    def forward(self, weight: Tensor) -> Tensor:
        """Return the weight over its norm; the gradient runs through the norm too."""
        rows = weight.flatten(1)
        if self.training:
            self.iterate(rows.detach())
        return weight / (self.u @ rows @ self.v)


# endregion


# region losses
def discriminator_loss(real: Tensor, fake: Tensor) -> Tensor:
    """Return -V(D, G), from logits (B,): -E[log D(x)] - E[log(1 - D(G(z)))].

    Source: Goodfellow et al., Generative Adversarial Nets, 2014, equation 1.
    """
    return F.softplus(-real).mean() + F.softplus(fake).mean()


def minimax_loss(fake: Tensor) -> Tensor:
    """Return E[log(1 - D(G(z)))], which the generator lowers in the game as it is defined."""
    return -F.softplus(fake).mean()


def non_saturating_loss(fake: Tensor) -> Tensor:
    """Return -E[log D(G(z))]: same fixed point, strong gradients early (2014, section 3)."""
    return F.softplus(-fake).mean()


def r1_penalty(discriminator: Callable[[Tensor], Tensor], real: Tensor, gamma: float) -> Tensor:
    """Return gamma / 2 times the mean squared norm of the logit's gradient at real pictures.

    Source: Mescheder, Geiger and Nowozin, 2018, equation 9.
    """
    real = real.detach().requires_grad_()
    (slope,) = torch.autograd.grad(discriminator(real).sum(), real, create_graph=True)
    return gamma / 2 * slope.flatten(1).square().sum(dim=1).mean()


# endregion


# region step
def noise(number: int, size: int) -> Tensor:
    """Return noise (number, size), uniform from -1 to 1 as in the authors' code of DCGAN."""
    return torch.rand(number, size) * 2 - 1


class Game:
    """Both networks with their optimisers, and how a step is played."""

    def __init__(
        self,
        c: Config,
        loss: Callable[[Tensor], Tensor] = non_saturating_loss,
        gamma: float = 0.0,
        rate: float = 2e-4,
        beta: float = 0.5,
    ) -> None:
        self.g, self.d, self.loss, self.gamma = Generator(c), Discriminator(c), loss, gamma
        self.noise = c.noise
        self.step_g = torch.optim.Adam(self.g.parameters(), rate, (beta, 0.999))
        self.step_d = torch.optim.Adam(self.d.parameters(), rate, (beta, 0.999))

    def step(self, real: Tensor) -> None:
        """Let each network learn once from real pictures (B, C, S, S) and as many fakes."""
        fake = self.g(noise(len(real), self.noise))
        loss = discriminator_loss(self.d(real), self.d(fake.detach()))
        if self.gamma > 0:
            loss = loss + r1_penalty(self.d, real, self.gamma)
        self.step_d.zero_grad()
        loss.backward()
        self.step_d.step()

        self.step_g.zero_grad()
        self.loss(self.d(fake)).backward()
        self.step_g.step()

    @torch.no_grad()
    def sample(self, number: int) -> Tensor:
        """Return new pictures (number, C, S, S), with the means and variances of training."""
        self.g.eval()
        pictures: Tensor = self.g(noise(number, self.noise))
        self.g.train()
        return pictures


# endregion


# region example
def digits() -> tuple[Tensor, Tensor]:
    """Return the pictures (1797, 1, 8, 8), from -1 to 1, and which digit each shows (1797,)."""
    rows = [line.split() for line in DIGITS.read_text().splitlines() if line[0] != "#"]
    values = torch.tensor([[int(value, 17) for value in row] for _, row in rows])
    return values.view(-1, 1, 8, 8) / 8 - 1, torch.tensor([int(digit) for digit, _ in rows])


def judge() -> nn.Module:
    """Train a small classifier on the digits, always the same one, with a seed of its own."""
    pictures, labels = digits()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = nn.Sequential(nn.Flatten(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
        adam = torch.optim.Adam(model.parameters(), 5e-3)
        for _ in range(200):
            chosen = torch.randint(len(pictures), (128,))
            adam.zero_grad()
            F.cross_entropy(model(pictures[chosen]), labels[chosen]).backward()
            adam.step()
    return model


@torch.no_grad()
def shown(pictures: Tensor, judge: nn.Module) -> int:
    """Count the digits that the judge is sure of (0.8) in at least 2 % of the pictures."""
    sure, digit = judge(pictures).softmax(dim=1).max(dim=1)
    found = torch.bincount(digit[sure > 0.8], minlength=10)
    return int((found >= 0.02 * len(pictures)).sum())


def train(
    seed: int, steps: int, game: Callable[[], Game], every: int = 50
) -> Iterator[tuple[int, Game, int]]:
    """Play on batches of 32; yields step, game, and how many digits 1,000 pictures show."""
    torch.manual_seed(seed)
    player, referee, (pictures, _) = game(), judge(), digits()
    for step in range(1, steps + 1):
        player.step(pictures[torch.randint(len(pictures), (32,))])
        if step % every == 0 or step == steps:
            yield step, player, shown(player.sample(1000), referee)


def restless() -> Game:
    """Adam's usual momentum of 0.9, and nothing that holds the discriminator back."""
    return Game(SMALL, rate=3e-3, beta=0.9)


def held() -> Game:
    """DCGAN's momentum of 0.5, and the R1 penalty; all else is the same."""
    return Game(SMALL, rate=3e-3, gamma=0.3)


def draw(pictures: Tensor) -> str:
    """Return pictures (B, 1, 8, 8) side by side as text, two characters a pixel."""
    shades = ((pictures[:, 0] + 1) * 2).round().int().clamp(0, 4)
    lines = shades.permute(1, 0, 2).flatten(1).tolist()
    return "\n".join("".join(" .:+#"[v] * 2 for v in line).rstrip() for line in lines)


def main() -> None:
    """Count DCGAN, then learn the digits with a game that collapses and with one that holds."""
    for network in (Generator, Discriminator):
        with torch.device("meta"):
            total = sum(p.numel() for p in network(DCGAN).parameters())
        print(f"DCGAN's {network.__name__.lower():13}  {total:10,} parameters")
    for name, game in (("momentum 0.9", restless), ("momentum 0.5 and R1", held)):
        for step, player, count in train(0, 600, game, every=150):  # noqa: B007
            print(f"{name}, step {step}: {count} of 10 digits")
        print(draw(player.sample(4)))


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
# endregion

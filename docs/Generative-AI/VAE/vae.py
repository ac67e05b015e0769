# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""The variational autoencoder of "Auto-Encoding Variational Bayes" (Kingma and Welling, 2013).

Letters in shapes: B pictures, D pixels, H hidden units, J latent variables, L samples. Sections,
equations and appendices are those of arXiv 1312.6114.

Run it: python vae.py    (it learns 8 x 8 digits, in less than a minute)
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F


# region configurations
@dataclass(frozen=True)
class Config:
    """Sizes of a model; the defaults are the paper's for MNIST with 20 latent variables."""

    pixels: int = 28 * 28
    hidden: int = 500  # of the encoder and of the decoder (section 5)
    latent: int = 20
    gaussian: bool = False  # real-valued pixels; otherwise each pixel is black or white


MNIST = {latent: Config(latent=latent) for latent in (3, 5, 10, 20, 200)}  # Figure 2
FREY_FACE = {
    latent: Config(pixels=20 * 28, hidden=200, latent=latent, gaussian=True)
    for latent in (2, 5, 10, 20)
}
MARGINAL = Config(hidden=100, latent=3)  # for the marginal likelihood, Figure 3
# endregion


# region gaussians
class Gaussian(NamedTuple):
    """A normal distribution of independent entries."""

    mean: Tensor
    log_var: Tensor  # logarithm of the variance, so that any number is a valid one

    def at(self, noise: Tensor) -> Tensor:
        """Return the sample that this standard normal noise gives (section 2.4)."""
        return self.mean + (0.5 * self.log_var).exp() * noise

    def log_density(self, value: Tensor) -> Tensor:
        """Return the log density of a value, summed over the last dimension."""
        squares = (value - self.mean) ** 2 / self.log_var.exp()
        return -0.5 * (squares + self.log_var + math.log(2 * math.pi)).sum(dim=-1)

    def kl_of_each(self) -> Tensor:
        """Return each entry's divergence from the standard normal in closed form (appendix B)."""
        return 0.5 * (self.mean**2 + self.log_var.exp() - 1 - self.log_var)

    def kl(self) -> Tensor:
        """Return the divergence from the standard normal, summed over the last dimension."""
        return self.kl_of_each().sum(dim=-1)

    def sampled_kl(self, noise: Tensor) -> Tensor:
        """Return the mean of log q(z) - log p(z) over samples, for noise (L, B, J)."""
        z = self.at(noise)
        return (self.log_density(z) - standard(z).log_density(z)).mean(dim=0)


def standard(z: Tensor) -> Gaussian:
    """Return the prior p(z), a standard normal, in the shape of z."""
    return Gaussian(torch.zeros_like(z), torch.zeros_like(z))


# endregion


# region model
class VAE(nn.Module):
    """An encoder and a decoder with one hidden layer each (appendix C)."""

    def __init__(self, c: Config) -> None:
        super().__init__()
        self.gaussian = c.gaussian
        self.read = nn.Linear(c.pixels, c.hidden)
        self.mean, self.log_var = (nn.Linear(c.hidden, c.latent) for _ in range(2))
        self.write = nn.Linear(c.latent, c.hidden)
        self.pixels = nn.Linear(c.hidden, c.pixels)
        if c.gaussian:
            self.pixel_log_var = nn.Linear(c.hidden, c.pixels)

    def encode(self, x: Tensor) -> Gaussian:
        """Map pictures (B, D) to the approximate posterior q(z|x), (B, J)."""
        h = self.read(x).tanh()
        return Gaussian(self.mean(h), self.log_var(h))

    def decode(self, z: Tensor) -> tuple[Tensor, Tensor | None]:
        """Map codes (..., J) to numbers for each pixel (..., D), and log variances if Gaussian.

        The numbers are logits: through a sigmoid they become the probability of white, or the
        mean of a Gaussian pixel, which section 5 keeps between 0 and 1.
        """
        h = self.write(z).tanh()
        return self.pixels(h), self.pixel_log_var(h) if self.gaussian else None

    def log_likelihood(self, x: Tensor, z: Tensor) -> Tensor:
        """Return log p(x|z), summed over the pixels, for pictures (B, D) and codes (..., B, J)."""
        logits, log_var = self.decode(z)
        if log_var is not None:
            return Gaussian(logits.sigmoid(), log_var).log_density(x)
        return -F.binary_cross_entropy_with_logits(
            logits, x.expand_as(logits), reduction="none"
        ).sum(dim=-1)

    def generate(self, noise: Tensor) -> Tensor:
        """Map draws from the prior (B, J) to the mean of each pixel, (B, D)."""
        return self.decode(noise)[0].sigmoid()


# endregion


# region bound
class Bound(NamedTuple):
    """The two parts of the lower bound, one number for each picture, (B,)."""

    reconstruction: Tensor  # E log p(x|z), over the samples
    kl: Tensor

    def value(self, beta: float = 1.0) -> Tensor:
        """Return the bound; another beta than 1 makes it the objective of the beta-VAE."""
        return self.reconstruction - beta * self.kl


def lower_bound(model: VAE, x: Tensor, noise: Tensor) -> Bound:
    """Estimate the bound with the divergence in closed form (equation 10), for noise (L, B, J)."""
    q = model.encode(x)
    return Bound(model.log_likelihood(x, q.at(noise)).mean(dim=0), q.kl())


def log_weights(model: VAE, x: Tensor, noise: Tensor) -> Tensor:
    """Return log p(x, z) - log q(z|x) for each sample, (L, B); its mean is equation 6."""
    q = model.encode(x)
    z = q.at(noise)
    return model.log_likelihood(x, z) + standard(z).log_density(z) - q.log_density(z)


def log_marginal(model: VAE, x: Tensor, noise: Tensor) -> Tensor:
    """Estimate log p(x), (B,): p(x) is the expectation of p(x, z) / q(z|x) under q(z|x)."""
    return log_weights(model, x, noise).logsumexp(dim=0) - math.log(len(noise))


# endregion


# region training
SMALL = Config(pixels=64, hidden=128, latent=8)
GREY = Config(pixels=64, hidden=128, latent=8, gaussian=True)
DIGITS = Path(__file__).parent.parent / "digits.txt"
HELD_OUT = 297  # the last of the 1,797 digits


def digits() -> Tensor:
    """Return the pictures (1797, 64) as numbers from 0 to 1; the head of the file has its form."""
    lines = (line.split() for line in DIGITS.read_text(encoding="utf-8").splitlines())
    values = [[int(v, 17) for v in line[1]] for line in lines if line[0] != "#"]
    return torch.tensor(values) / 16


def pictures(c: Config) -> tuple[Tensor, Tensor]:
    """Return the pictures to learn from and those held out.

    They are black and white, or each of the 17 grey values is spread evenly over a 17th of the
    range: a density over values that repeat exactly could be raised without limit.
    """
    x = digits()
    noise = torch.rand(x.shape, generator=torch.Generator().manual_seed(0))
    x = (16 * x + noise) / 17 if c.gaussian else (x >= 0.5).to(x)
    return x[:-HELD_OUT], x[-HELD_OUT:]


def train(
    seed: int, steps: int, every: int = 100, beta: float = 1.0, c: Config = SMALL
) -> Iterator[tuple[int, VAE, float]]:
    """Learn the digits; yields step, model, and the bound per held-out picture in nats."""
    torch.manual_seed(seed)
    model, (seen, unseen) = VAE(c), pictures(c)
    adam = torch.optim.Adam(model.parameters(), lr=2e-3)
    judge = torch.randn(16, len(unseen), c.latent)
    for step in range(1, steps + 1):
        x = seen[torch.randint(len(seen), (100,))]  # M = 100 pictures with L = 1 sample each
        loss = -lower_bound(model, x, torch.randn(1, 100, c.latent)).value(beta).mean()
        loss.backward()
        adam.step()
        adam.zero_grad()
        if step % every == 0 or step == steps:
            with torch.no_grad():
                yield step, model, float(lower_bound(model, unseen, judge).value().mean())


# endregion


# region example
def drawn(x: Tensor) -> str:
    """Draw pictures (B, 64) side by side; each character stands for two pixels, one above."""
    rows = (x.view(-1, 8, 8) >= 0.5).int().transpose(0, 1).tolist()  # row, picture, column
    pairs = zip(rows[::2], rows[1::2], strict=True)
    lines = (
        "  ".join(
            "".join(" ▀▄█"[above + 2 * below] for above, below in zip(*both, strict=True))
            for both in zip(upper, lower, strict=True)
        )
        for upper, lower in pairs
    )
    return "\n".join(line.rstrip() for line in lines)


def main() -> None:
    """Count two published sizes, learn the digits, weigh the bound, and draw new digits."""
    for name, config in (("MNIST", MNIST[20]), ("Frey Face", FREY_FACE[20])):
        with torch.device("meta"):
            total = sum(p.numel() for p in VAE(config).parameters())
        print(f"{name}, {config.latent} latent variables: {total:,} parameters")
    seen, unseen = pictures(SMALL)
    mean = seen.mean(dim=0).clamp(1e-3, 1 - 1e-3).expand_as(unseen)
    alone = -F.binary_cross_entropy(mean, unseen, reduction="none").sum(dim=-1).mean()
    print(f"pixels independent of each other: {alone:.2f} nats per held-out digit")
    for step, model, bound in train(seed=0, steps=2000, every=400):  # noqa: B007
        print(f"step {step:4}  bound {bound:.2f}")
    noise = torch.randn(500, HELD_OUT, SMALL.latent, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        both, q = lower_bound(model, unseen, noise), model.encode(unseen)
        print(f"reconstruction {both.reconstruction.mean():.2f}, divergence {both.kl.mean():.2f}")
        print(f"divergence from 500 samples {q.sampled_kl(noise).mean():.2f}")
        print(f"log p(x) from 500 samples {log_marginal(model, unseen, noise).mean():.2f}")
        print(f"held out\n{drawn(unseen[:3])}\nrestored from the mean of their codes")
        print(f"{drawn(model.generate(q.mean[:3]))}\nnew, from the prior")
        print(drawn(model.generate(noise[0, :3])))
        print(drawn(model.generate(noise[0, 3:6])))
    for beta in (0.25, 1.0, 4.0):
        *_, (_, model, _) = train(seed=0, steps=1000, beta=beta)
        with torch.no_grad():
            both = lower_bound(model, unseen, noise[:16])
            used = int((model.encode(unseen).kl_of_each().mean(dim=0) > 0.1).sum())
        print(
            f"beta {beta}: reconstruction {both.reconstruction.mean():.2f}, "
            f"divergence {both.kl.mean():.2f}, latents above 0.1 nats: {used}"
        )


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
# endregion

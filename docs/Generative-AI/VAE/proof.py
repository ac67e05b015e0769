# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""How vae.py is proven; zooniverse/proofs/form.py says what each part means."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.distributions import AffineTransform, Bernoulli, Independent, Normal, kl_divergence

from zooniverse.proofs.form import (
    Equality,
    Figure,
    Link,
    Mutant,
    Pair,
    Proof,
    Row,
    Run,
    Size,
    Values,
)

PIXELS, HIDDEN, LATENT, SAMPLES, BATCH = 7, 6, 3, 5, 4  # no two are the same


def tiny(model: Any, **changes: Any) -> Any:
    """Build a model that is quick to compare."""
    sizes = {"pixels": PIXELS, "hidden": HIDDEN, "latent": LATENT}
    return model.VAE(model.Config(**{**sizes, **changes}))


# --- equalities ---------------------------------------------------------------------------------


class Reference(nn.Module):
    """Two plain networks, whose outputs torch.distributions turns into likelihoods."""

    def __init__(
        self, pixels: int = PIXELS, hidden: int = HIDDEN, latent: int = LATENT, outputs: int = 1
    ) -> None:
        super().__init__()
        self.latent, self.pixels = latent, pixels
        self.encoder = nn.Sequential(
            nn.Linear(pixels, hidden), nn.Tanh(), nn.Linear(hidden, 2 * latent)
        )
        self.decoder = nn.Sequential(
            nn.Linear(latent, hidden), nn.Tanh(), nn.Linear(hidden, outputs * pixels)
        )

    def posterior(self, x: Tensor) -> Independent[Normal]:
        mean, log_var = self.encoder(x).chunk(2, dim=-1)
        return Independent(Normal(mean, log_var.exp().sqrt()), 1)

    def prior(self) -> Independent[Normal]:
        return Independent(Normal(torch.zeros(self.latent), torch.ones(self.latent)), 1)

    def likelihood(self, z: Tensor) -> Independent[Any]:
        out = self.decoder(z)
        if out.shape[-1] == self.pixels:
            return Independent(Bernoulli(logits=out), 1)
        logits, log_var = out.chunk(2, dim=-1)
        return Independent(Normal(logits.sigmoid(), log_var.exp().sqrt()), 1)


def links(latent: int, pixels: int, gaussian: bool) -> Iterator[Link]:
    """Say which of our parameters is which of the reference's, whose outputs are one matrix."""
    for kind in ("weight", "bias"):
        yield Link(f"read.{kind}", f"encoder.0.{kind}")
        yield Link(f"mean.{kind}", f"encoder.2.{kind}", partial(part, 0, latent))
        yield Link(f"log_var.{kind}", f"encoder.2.{kind}", partial(part, latent, 2 * latent))
        yield Link(f"write.{kind}", f"decoder.0.{kind}")
        yield Link(f"pixels.{kind}", f"decoder.2.{kind}", partial(part, 0, pixels))
        if gaussian:
            view = partial(part, pixels, 2 * pixels)
            yield Link(f"pixel_log_var.{kind}", f"decoder.2.{kind}", view)


def part(start: int, end: int, tensor: Tensor) -> Tensor:
    """Return some rows of a tensor."""
    return tensor[start:end]


def black_and_white(model: Any) -> Pair:
    """The model of binary pixels, with beta 0.7."""
    x = torch.randint(2, (BATCH, PIXELS)).to(torch.get_default_dtype())
    return pair(model, tiny(model), Reference(), x, beta=0.7)


def real_valued(model: Any) -> Pair:
    """The model of real pixels, with beta 1."""
    ours, reference = tiny(model, gaussian=True), Reference(outputs=2)
    return pair(model, ours, reference, torch.rand(BATCH, PIXELS), beta=1.0)


def pair(model: Any, ours: Any, reference: Reference, x: Tensor, beta: float) -> Pair:
    """All that can be said of pictures x with the same noise."""
    noise = torch.randn(SAMPLES, len(x), reference.latent)

    def run_ours() -> dict[str, Tensor]:
        q, bound = ours.encode(x), model.lower_bound(ours, x, noise)
        return {
            "mean": q.mean,
            "log variance": q.log_var,
            "reconstruction": bound.reconstruction,
            "divergence": bound.kl,
            "weights": model.log_weights(ours, x, noise),
            "likelihood": model.log_marginal(ours, x, noise),
            "generated": ours.generate(noise[0]),
            "loss": -(bound.value() if beta == 1 else bound.value(beta)).mean(),
        }

    def run_reference() -> dict[str, Tensor]:
        q, prior = reference.posterior(x), reference.prior()
        z = AffineTransform(q.base_dist.loc, q.base_dist.scale)(noise)
        reconstruction = reference.likelihood(z).log_prob(x)
        divergence = kl_divergence(q, prior)
        weights = reconstruction + prior.log_prob(z) - q.log_prob(z)
        return {
            "mean": q.mean,
            "log variance": q.variance.log(),
            "reconstruction": reconstruction.mean(0),
            "divergence": divergence,
            "weights": weights,
            "likelihood": weights.exp().mean(0).log(),
            "generated": reference.likelihood(noise[0]).mean,
            "loss": (beta * divergence - reconstruction.mean(0)).mean(),
        }

    both = list(links(reference.latent, reference.pixels, ours.gaussian))
    return Pair(ours, reference, run_ours, run_reference, both)


def speed(model: Any) -> Pair:
    """One step of the published model of MNIST, on 500 pictures."""
    ours, reference = model.VAE(model.MNIST[20]), Reference(784, 500, 20)
    x, noise = torch.randint(2, (500, 784)).to(torch.get_default_dtype()), torch.randn(1, 500, 20)

    def run_ours() -> dict[str, Tensor]:
        return {"loss": -model.lower_bound(ours, x, noise).value().mean()}

    def run_reference() -> dict[str, Tensor]:
        q = reference.posterior(x)
        z = AffineTransform(q.base_dist.loc, q.base_dist.scale)(noise)
        bound = reference.likelihood(z).log_prob(x).mean(0) - kl_divergence(q, reference.prior())
        return {"loss": -bound.mean()}

    return Pair(ours, reference, run_ours, run_reference, list(links(20, 784, False)))


def divergences(model: Any) -> Values:
    """The divergence, its estimate from samples and the density of any Gaussian."""
    mean, log_var, noise = torch.randn(4, 3), torch.randn(4, 3), torch.randn(5, 4, 3)
    ours = model.Gaussian(mean, log_var)
    q = Normal(mean, log_var.exp().sqrt())
    p = Normal(torch.zeros(4, 3), torch.ones(4, 3))
    z = mean + q.scale * noise
    return Values(
        {
            "of each": ours.kl_of_each(),
            "sum": ours.kl(),
            "from samples": ours.sampled_kl(noise),
            "sample": ours.at(noise),
            "density": ours.log_density(z),
        },
        {
            "of each": kl_divergence(q, p),
            "sum": kl_divergence(q, p).sum(1),
            "from samples": (q.log_prob(z) - p.log_prob(z)).sum(2).mean(0),
            "sample": z,
            "density": q.log_prob(z).sum(2),
        },
    )


# --- invariants ---------------------------------------------------------------------------------


def samples_agree_with_the_closed_form(model: Any) -> None:
    """The divergence from 200,000 samples is the closed form, within five standard errors."""
    q = model.Gaussian(torch.randn(1, 3), torch.randn(1, 3))
    noise = torch.randn(200_000, 1, 3)
    z = q.at(noise)
    spread = (q.log_density(z) - model.standard(z).log_density(z)).std()
    apart = (q.sampled_kl(noise) - q.kl()).abs().item()
    assert apart < 5 * spread / math.sqrt(len(noise)), apart


def divergence_is_zero_at_the_prior_alone(model: Any) -> None:
    """The divergence is zero for the standard normal and above zero for every other Gaussian."""
    zero = torch.zeros(1, 3)
    assert model.Gaussian(zero, zero).kl().item() == 0
    others = model.Gaussian(torch.randn(1000, 3), torch.randn(1000, 3))
    assert (others.kl() > 0).all()


def gradients_pass_through_the_sample(model: Any) -> None:
    """Gradients through the sample are those of the expectation.

    That of z squared is mean squared plus variance.
    """
    mean = torch.tensor([0.7], requires_grad=True)
    log_var = torch.tensor([-0.4], requires_grad=True)
    noise, weight = normal_grid()
    expectation = (weight * model.Gaussian(mean, log_var).at(noise) ** 2).sum()
    expectation.backward()
    assert mean.grad is not None and log_var.grad is not None
    assert abs(mean.grad.item() - 2 * 0.7) < 1e-9, mean.grad
    assert abs(log_var.grad.item() - math.exp(-0.4)) < 1e-9, log_var.grad


def bound_misses_by_the_divergence_of_the_posterior(model: Any) -> None:
    """The bound and the divergence from the true posterior add up to log p(x), as in equation 1.

    With one latent variable all three can be had by quadrature.
    """
    ours = tiny(model, latent=1)
    x = torch.randint(2, (BATCH, PIXELS)).to(torch.get_default_dtype())
    noise, weight = normal_grid()
    with torch.no_grad():
        likelihood = ours.log_likelihood(x, noise[:, None, None].expand(-1, BATCH, 1))
        log_p = (weight[:, None] * likelihood.exp()).sum(0).log()
        q = ours.encode(x)
        z = q.at(noise[:, None, None].expand(-1, BATCH, 1))
        bound = (weight[:, None] * ours.log_likelihood(x, z)).sum(0) - q.kl()
        posterior = ours.log_likelihood(x, z) + model.standard(z).log_density(z) - log_p
        missing = (weight[:, None] * (q.log_density(z) - posterior)).sum(0)
    assert (missing > 0).all(), missing
    assert (log_p - bound - missing).abs().max() < 1e-9, log_p - bound - missing


def more_samples_come_closer(model: Any) -> None:
    """The estimate of log p(x) from 20,000 samples is right to a hundredth of a nat.

    It is compared with quadrature, and must lie above the bound.
    """
    ours = tiny(model, latent=1)
    x = torch.randint(2, (BATCH, PIXELS)).to(torch.get_default_dtype())
    grid, weight = normal_grid()
    noise = torch.randn(20_000, BATCH, 1)
    with torch.no_grad():
        likelihood = ours.log_likelihood(x, grid[:, None, None].expand(-1, BATCH, 1))
        log_p = (weight[:, None] * likelihood.exp()).sum(0).log()
        estimate = model.log_marginal(ours, x, noise)
        bound = model.lower_bound(ours, x, noise).value()
    assert (estimate - log_p).abs().max() < 0.01, estimate - log_p
    assert (estimate > bound).all(), (estimate, bound)


def normal_grid() -> tuple[Tensor, Tensor]:
    """Return places (N,) and the weights of an integral over a standard normal, (N,)."""
    noise = torch.linspace(-12, 12, 4801)
    weight = (-0.5 * noise**2).exp() / math.sqrt(2 * math.pi) * (noise[1] - noise[0])
    return noise, weight


def data_are_read_and_parted(model: Any) -> None:
    """The digits are read row by row, none that is held out is learnt from, and greys are spread.

    The noise that spreads a grey value never takes it to another.
    """
    x = model.digits()
    assert x.shape == (1797, 64) and x.min() == 0 and x.max() == 1, x.shape
    assert (x[0, :16] * 16).tolist() == [0, 0, 5, 13, 9, 1, 0, 0, 0, 0, 13, 15, 10, 15, 5, 0]
    seen, unseen = model.pictures(model.SMALL)
    assert torch.equal(torch.cat((seen, unseen)), (x * 16 > 7).to(x))
    assert len(unseen) == 297
    grey = 17 * torch.cat(model.pictures(model.Config(64, gaussian=True)))
    assert torch.equal(grey.floor(), 16 * x)
    assert abs(grey.frac().mean().item() - 0.5) < 0.01


# --- the proof ----------------------------------------------------------------------------------


def size(name: str, pick: Any, symbols: dict[str, int], outputs: int = 1) -> Size:
    """A published configuration and its reference; the paper counts no parameters."""
    return Size(
        name,
        lambda model: model.VAE(pick(model)),
        {**symbols, "k": outputs},
        reference=lambda: Reference(symbols["D"], symbols["H"], symbols["J"], outputs),
    )


def mnist(latent: int) -> Size:
    """A model of MNIST of Figure 2."""
    name = f"MNIST, {latent} latent variables"
    return size(name, lambda model: model.MNIST[latent], {"D": 784, "H": 500, "J": latent})


def frey_face(latent: int) -> Size:
    """A model of Frey Face of Figure 2."""
    name = f"Frey Face, {latent} latent variables"
    return size(name, lambda model: model.FREY_FACE[latent], {"D": 560, "H": 200, "J": latent}, 2)


MODELS = ("black and white", "real-valued")


@torch.no_grad()
def samples(model: Any) -> Tensor:
    """Draw held-out digits, restored from their codes, new ones, and a walk between two digits.

    Grey digits after 2,000 steps with seed 0; the walk goes in ten equal steps from the code of the
    first held-out digit to that of the second.
    """
    with torch.enable_grad():
        *_, (_, vae, _) = model.train(0, 2000, every=2000, c=model.GREY)
    held_out = model.pictures(model.GREY)[1][:10]
    codes = vae.encode(held_out).mean
    new = vae.generate(
        torch.randn(10, model.GREY.latent, generator=torch.Generator().manual_seed(0))
    )
    walk = torch.linspace(0, 1, 10)[:, None]
    between = vae.generate(codes[:1] * (1 - walk) + codes[1:2] * walk)
    rows = torch.cat([held_out, vae.generate(codes), new, between])
    return 1 - rows.view(4, 10, 8, 8)  # ink is dark


PROOF = Proof(
    code="vae.py",
    sizes=(
        *(mnist(latent) for latent in (20, 3, 5, 10, 200)),
        *(frey_face(latent) for latent in (20, 2, 5, 10)),
        size(
            "MNIST, 100 hidden units",
            lambda model: model.MARGINAL,
            {"D": 784, "H": 100, "J": 3},
        ),
    ),
    ledger=(
        Row("Encoder: hidden layer", r"read\..*", "D * H + H"),
        Row("Encoder: mean and log variance", r"(mean|log_var)\..*", "2 * (H * J + J)"),
        Row("Decoder: hidden layer", r"write\..*", "J * H + H"),
        Row("Decoder: k numbers for each pixel", r"(pixels|pixel_log_var)\..*", "k * (H * D + D)"),
    ),
    equalities=(
        Equality(
            "black and white",
            black_and_white,
            "two torch.nn.Sequential with torch.distributions.Bernoulli and kl_divergence",
        ),
        Equality(
            "real-valued",
            real_valued,
            "two torch.nn.Sequential with torch.distributions.Normal and kl_divergence",
        ),
        Equality("divergence", divergences, "torch.distributions.Normal and kl_divergence"),
    ),
    invariants=(
        samples_agree_with_the_closed_form,
        divergence_is_zero_at_the_prior_alone,
        gradients_pass_through_the_sample,
        bound_misses_by_the_divergence_of_the_posterior,
        more_samples_come_closer,
        data_are_read_and_parted,
    ),
    mutants=(
        Mutant(
            "variance taken for the deviation",
            "(0.5 * self.log_var).exp() * noise",
            "self.log_var.exp() * noise",
            (*MODELS, "divergence", "gradients_pass_through_the_sample"),
        ),
        Mutant(
            "sample cut off from its mean",
            "return self.mean + (0.5",
            "return self.mean.detach() + (0.5",
            (*MODELS, "gradients_pass_through_the_sample"),
        ),
        Mutant(
            "noise not scaled",
            "(0.5 * self.log_var).exp() * noise",
            "noise",
            (*MODELS, "divergence", "gradients_pass_through_the_sample"),
        ),
        Mutant(
            "half left out of the divergence",
            "return 0.5 * (self.mean**2",
            "return 1.0 * (self.mean**2",
            (
                *MODELS,
                "divergence",
                "samples_agree_with_the_closed_form",
                "bound_misses_by_the_divergence_of_the_posterior",
            ),
        ),
        Mutant(
            "one left out of the divergence",
            "self.log_var.exp() - 1 - self.log_var",
            "self.log_var.exp() - self.log_var",
            ("divergence", "divergence_is_zero_at_the_prior_alone"),
        ),
        Mutant(
            "divergence the other way round",
            "self.mean**2 + self.log_var.exp() - 1 - self.log_var)",
            "(self.mean**2 + 1) / self.log_var.exp() - 1 + self.log_var)",
            ("divergence", "samples_agree_with_the_closed_form"),
        ),
        Mutant(
            "divergence averaged over the latents",
            "self.kl_of_each().sum(dim=-1)",
            "self.kl_of_each().mean(dim=-1)",
            (*MODELS, "divergence"),
        ),
        Mutant(
            "constant of the density left out",
            " + math.log(2 * math.pi)",
            "",
            ("real-valued", "divergence"),
        ),
        Mutant("another activation", "self.read(x).tanh()", "self.read(x).relu()", MODELS),
        Mutant("no activation in the decoder", "self.write(z).tanh()", "self.write(z)", MODELS),
        Mutant(
            "mean and variance exchanged",
            "Gaussian(self.mean(h), self.log_var(h))",
            "Gaussian(self.log_var(h), self.mean(h))",
            MODELS,
        ),
        Mutant(
            "mean of a pixel not kept between 0 and 1",
            "Gaussian(logits.sigmoid(), log_var)",
            "Gaussian(logits, log_var)",
            ("real-valued",),
        ),
        Mutant(
            "likelihood averaged over the pixels",
            'reduction="none"\n        ).sum(dim=-1)',
            'reduction="none"\n        ).mean(dim=-1)',
            ("black and white",),
        ),
        Mutant(
            "sign of the likelihood",
            "return -F.binary_cross_entropy_with_logits(",
            "return F.binary_cross_entropy_with_logits(",
            ("black and white",),
        ),
        Mutant(
            "logits generated instead of means",
            "self.decode(noise)[0].sigmoid()",
            "self.decode(noise)[0]",
            MODELS,
        ),
        Mutant("beta left out", "- beta * self.kl", "- self.kl", ("black and white",)),
        Mutant(
            "another beta by default",
            "beta: float = 1.0) -> T",
            "beta: float = 0.9) -> T",
            ("real-valued",),
        ),
        Mutant(
            "divergence added",
            "self.reconstruction - beta",
            "self.reconstruction + beta",
            MODELS,
        ),
        Mutant(
            "prior left out of the weights",
            " + standard(z).log_density(z) - q",
            " - q",
            (*MODELS, "more_samples_come_closer"),
        ),
        Mutant(
            "mean of logarithms instead of logarithm of the mean",
            "log_weights(model, x, noise).logsumexp(dim=0) - math.log(len(noise))",
            "log_weights(model, x, noise).mean(dim=0)",
            (*MODELS, "more_samples_come_closer"),
        ),
        Mutant(
            "wider prior",
            "Gaussian(torch.zeros_like(z), torch.zeros_like(z))",
            "Gaussian(torch.zeros_like(z), torch.ones_like(z))",
            (
                *MODELS,
                "divergence",
                "samples_agree_with_the_closed_form",
                "bound_misses_by_the_divergence_of_the_posterior",
            ),
        ),
        Mutant(
            "values of another range",
            "torch.tensor(values) / 16",
            "torch.tensor(values) / 15",
            ("data_are_read_and_parted",),
        ),
        Mutant(
            "learns from what is held out",
            "return x[:-HELD_OUT], x",
            "return x, x",
            ("data_are_read_and_parted",),
        ),
        Mutant(
            "greys not spread",
            "(16 * x + noise) / 17",
            "16 * x / 17",
            ("data_are_read_and_parted",),
        ),
    ),
    runs=(
        Run(
            "Digits in grey",
            lambda model, seed, steps: (
                (s, bound) for s, _, bound in model.train(seed, steps, c=model.GREY)
            ),
            "lower bound of the log density in nats per held-out digit",
            steps=2000,
            reach=62.0,
            short=(500, 40.0),
        ),
        Run(
            "Digits in black and white",
            lambda model, seed, steps: ((s, bound) for s, _, bound in model.train(seed, steps)),
            "lower bound of log p(x) in nats per held-out digit",
            steps=2000,
            reach=-19.0,
            short=(500, -21.0),
        ),
    ),
    figures=(Figure("samples.png", samples),),
    data=("../digits.txt",),
    speed=speed,
)

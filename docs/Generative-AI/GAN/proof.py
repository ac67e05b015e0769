# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""How gan.py is proven; zooniverse/proofs/form.py says what each part means."""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import spectral_norm

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

TINY = {"size": 16, "base": 2, "colours": 2, "noise": 7, "width": 3}


# --- equalities ---------------------------------------------------------------------------------


def plain_generator(
    size: int, base: int, colours: int, noise: int, width: int, **_: Any
) -> nn.Sequential:
    """DCGAN's generator, written down layer by layer."""
    channels = [width * 2**i for i in reversed(range(int(math.log2(size / base))))]
    first = channels[0] * base * base
    layers: list[nn.Module] = [
        nn.Linear(noise, first, bias=False),
        nn.BatchNorm1d(first),
        nn.ReLU(),
        nn.Unflatten(1, (channels[0], base, base)),
    ]
    for a, b in itertools.pairwise(channels):
        layers += [
            nn.ConvTranspose2d(a, b, 5, 2, 2, output_padding=1, bias=False),
            nn.BatchNorm2d(b),
            nn.ReLU(),
        ]
    layers += [nn.ConvTranspose2d(width, colours, 5, 2, 2, output_padding=1, bias=False), nn.Tanh()]
    return nn.Sequential(*layers)


def plain_discriminator(
    size: int, base: int, colours: int, width: int, batch_norm: bool = True, **_: Any
) -> nn.Sequential:
    """DCGAN's discriminator up to the sigmoid, written down layer by layer."""
    channels = [colours, *(width * 2**i for i in range(int(math.log2(size / base))))]
    layers: list[nn.Module] = []
    for i, (a, b) in enumerate(itertools.pairwise(channels)):
        layers.append(nn.Conv2d(a, b, 5, 2, 2, bias=not batch_norm))
        layers += [nn.BatchNorm2d(b)] if batch_norm and i else []
        layers.append(nn.LeakyReLU(0.2))
    layers += [nn.Flatten(), nn.Linear(channels[-1] * base * base, 1, bias=not batch_norm)]
    return nn.Sequential(*layers)


def generator(model: Any) -> Pair:
    """The generator: eight pictures, and the non-saturating loss of their first pixels."""
    ours, reference = model.Generator(model.Config(**TINY)), plain_generator(**TINY)
    z = torch.rand(8, 7) * 2 - 1

    def run_ours() -> dict[str, Tensor]:
        pictures = ours(z)
        return {"pictures": pictures, "loss": model.non_saturating_loss(pictures[:, 0, 3, 3])}

    def run_reference() -> dict[str, Tensor]:
        pictures = reference(z)
        return {"pictures": pictures, "loss": -pictures[:, 0, 3, 3].sigmoid().log().mean()}

    return Pair(ours, reference, run_ours, run_reference)


def judged(model: Any, ours: Any, reference: Any, links: list[Link] | None = None) -> Pair:
    """Logits of real and of fake pictures, and the loss against binary cross-entropy."""
    real, fake = torch.randn(2, 6, 2, 16, 16)

    def run_ours() -> dict[str, Tensor]:
        good, bad = ours(real), ours(fake)
        return {"real": good, "fake": bad, "loss": model.discriminator_loss(good, bad)}

    def run_reference() -> dict[str, Tensor]:
        good, bad = reference(real)[:, 0], reference(fake)[:, 0]
        chances, wanted = torch.cat((good, bad)).sigmoid(), torch.tensor([1.0] * 6 + [0.0] * 6)
        loss = 2 * F.binary_cross_entropy(chances, wanted)  # a mean over both kinds
        return {"real": good, "fake": bad, "loss": loss}

    return Pair(ours, reference, run_ours, run_reference, links)


def discriminator(model: Any) -> Pair:
    """The discriminator with batch normalisation, and the loss of the game."""
    ours = model.Discriminator(model.Config(**TINY))
    return judged(model, ours, plain_discriminator(**TINY))  # type: ignore[arg-type]


def spectral(model: Any) -> Pair:
    """The discriminator with spectral normalisation, both sides from the same first vectors."""
    settings = {**TINY, "batch_norm": False}
    ours = model.Discriminator(model.Config(**settings, spectral=True))
    reference = plain_discriminator(**settings)  # type: ignore[arg-type]
    layers = [name for name, layer in reference.named_children() if hasattr(layer, "weight")]
    links: list[Link] = []
    for name, layer in zip(layers, [*ours.downs, ours.score], strict=True):
        theirs = spectral_norm(reference[int(name)])
        mine = layer.parametrizations.weight[0]
        inner: Any = theirs.parametrizations.weight[0]  # type: ignore[union-attr,index]
        inner._u.copy_(mine.u)
        inner._v.copy_(mine.v)
        here = "score" if layer is ours.score else f"downs.{len(links) // 2}"
        for part in ("parametrizations.weight.original", "bias"):
            links.append(Link(f"{here}.{part}", f"{name}.{part}"))
    return judged(model, ours, reference, links)


def losses(model: Any) -> Values:
    """The three losses on logits from -6 to 6."""
    real, fake = torch.linspace(-6, 5, 40), torch.linspace(-5, 6, 40)
    chance, risk = 1 / (1 + (-real).exp()), 1 / (1 + (-fake).exp())
    return Values(
        {
            "discriminator": model.discriminator_loss(real, fake),
            "minimax": model.minimax_loss(fake),
            "non-saturating": model.non_saturating_loss(fake),
        },
        {
            "discriminator": -(chance.log().mean() + (1 - risk).log().mean()),
            "minimax": (1 - risk).log().mean(),
            "non-saturating": -risk.log().mean(),
        },
    )


def r1(model: Any) -> Values:
    """The penalty, and its gradient in the weights, by finite differences alone."""
    critic = model.Discriminator(model.Config(**{**TINY, "size": 8, "batch_norm": False}))
    weights, real = list(critic.parameters()), torch.randn(3, 2, 8, 8)
    with torch.no_grad():
        for weight in weights:
            weight.copy_(torch.randn_like(weight) / max(1, weight[0].numel()) ** 0.5)
    penalty = model.r1_penalty(critic, real, 3.0)
    gradients = torch.autograd.grad(penalty, weights, allow_unused=True)
    ways = [[torch.randn_like(weight) for weight in weights] for _ in range(4)]
    ours = [
        sum((g * w).sum() for g, w in zip(gradients, way, strict=True) if g is not None)
        for way in ways
    ]

    # Steps so small that hardly any unit crosses the kink of its leaky ReLU, where slopes jump.
    pixel, step = 1e-4, 1e-6

    def slopes() -> Tensor:
        shown = real.clone().requires_grad_()
        return torch.autograd.grad(critic(shown).sum(), shown)[0]

    with torch.no_grad():
        nudges = pixel * torch.eye(128).view(128, 1, 2, 8, 8)
        rises = [(critic(real + n) - critic(real - n)) / (2 * pixel) for n in nudges]
    theirs = []
    for way in ways:
        sides = []
        for sign in (1, -2, 1):  # there, over to the other side, and back
            with torch.no_grad():
                for weight, part in zip(weights, way, strict=True):
                    weight += sign * step * part
            sides.append(3.0 / 2 * slopes().square().sum() / len(real))
        theirs.append((sides[0] - sides[1]) / (2 * step))
    return Values(
        {"penalty": penalty, "gradient": torch.stack([torch.as_tensor(v) for v in ours])},
        {
            "penalty": 3.0 / 2 * torch.stack(rises).square().sum() / len(real),
            "gradient": torch.stack(theirs),
        },
    )


def fractional_strides(model: Any) -> Values:
    """A layer of the generator: zeros between the pixels, then an ordinary convolution."""
    layer = model.Generator(model.Config(**TINY)).ups[0]
    x = torch.randn(4, 12, 3, 3)
    spread = torch.zeros(4, 12, 6, 6)
    spread[:, :, ::2, ::2] = x
    kernel = layer.weight.flip(2, 3).transpose(0, 1)
    return Values({"map": layer(x)}, {"map": F.conv2d(spread, kernel, padding=2)})


def one_step(model: Any) -> Values:
    """The weights after two steps of the game, with every update written out."""
    config = model.Config(**{**TINY, "batch_norm": False})
    game = model.Game(config, model.non_saturating_loss, gamma=0.5, rate=0.01)
    g, d = copy.deepcopy(game.g), copy.deepcopy(game.d)
    memory: dict[Any, Any] = {}
    real = torch.randn(2, 6, 2, 16, 16)
    torch.manual_seed(1)
    for batch in real:
        game.step(batch)
    torch.manual_seed(1)
    for t, batch in enumerate(real, start=1):
        fake = g(torch.rand(6, 7) * 2 - 1)
        shown = batch.clone().requires_grad_()
        (slope,) = torch.autograd.grad(d(shown).sum(), shown, create_graph=True)
        loss = -d(batch).sigmoid().log().mean() - (1 - d(fake.detach()).sigmoid()).log().mean()
        adam(d, loss + 0.25 * slope.square().sum() / 6, memory, t)
        adam(g, -d(fake).sigmoid().log().mean(), memory, t)
    pairs = [*zip(game.g.parameters(), g.parameters(), strict=True)]
    pairs += [*zip(game.d.parameters(), d.parameters(), strict=True)]
    return Values(
        {str(i): ours for i, (ours, _) in enumerate(pairs)},
        {str(i): theirs for i, (_, theirs) in enumerate(pairs)},
    )


def adam(network: nn.Module, loss: Tensor, memory: dict[Any, Any], t: int) -> None:
    """One step of Adam with beta 0.5 and 0.999, as its paper writes it."""
    weights = list(network.parameters())
    gradients = torch.autograd.grad(loss, weights, retain_graph=True)
    with torch.no_grad():
        for weight, gradient in zip(weights, gradients, strict=True):
            m, v = memory.get(weight, (torch.zeros(()), torch.zeros(())))
            m, v = 0.5 * m + 0.5 * gradient, 0.999 * v + 0.001 * gradient**2
            memory[weight] = (m, v)
            weight.sub_(0.01 * (m / (1 - 0.5**t)) / ((v / (1 - 0.999**t)).sqrt() + 1e-8))


def speed(model: Any) -> Pair:
    """DCGAN's proportions at 32 pixels and a quarter of its width: judge 16 new pictures."""
    settings = {**TINY, "size": 32, "base": 4, "colours": 3, "noise": 100, "width": 32}
    config = model.Config(**settings)
    ours = nn.Sequential(model.Generator(config), model.Discriminator(config))
    reference = nn.Sequential(plain_generator(**settings), plain_discriminator(**settings))  # type: ignore[arg-type]
    z = torch.rand(16, 100) * 2 - 1
    return Pair(
        ours,
        reference,
        lambda: {"loss": model.non_saturating_loss(ours(z))},
        lambda: {"loss": F.softplus(-reference(z)).mean()},
    )


# --- invariants ---------------------------------------------------------------------------------


def shapes_of_the_paper(model: Any) -> None:
    """The maps are those of the paper's Figure 1, 4 x 4 x 1024 to 64 x 64 x 3, and back."""
    with torch.device("meta"):
        g, d = model.Generator(model.DCGAN), model.Discriminator(model.DCGAN)
        seen: list[tuple[int, ...]] = []
        for layer in [*g.ups, *d.downs]:
            layer.register_forward_hook(lambda _l, given, out: seen.extend([given[0].shape[1:]]))
        d(g(torch.randn(2, 100)))
    maps = [(1024, 4, 4), (512, 8, 8), (256, 16, 16), (128, 32, 32), (3, 64, 64)]
    expected = [*maps[:-1], *reversed(maps[1:])]
    assert [tuple(shape) for shape in seen] == expected, seen


def best_discriminator(model: Any) -> None:
    """Where it is free, the discriminator ends at p / (p + q), and the game at 2 JSD - log 4."""
    real, fake = torch.tensor([5, 1, 2, 8, 4]), torch.tensor([1, 7, 2, 4, 6])  # times seen, of 20
    logit = torch.zeros(5, requires_grad=True)
    solver = torch.optim.LBFGS([logit], max_iter=200, tolerance_grad=1e-12, tolerance_change=0)

    def loss() -> Tensor:
        solver.zero_grad()
        value: Tensor = model.discriminator_loss(
            logit.repeat_interleave(real), logit.repeat_interleave(fake)
        )
        value.backward()
        return value

    solver.step(loss)
    p, q = real / 20, fake / 20
    apart = (logit.sigmoid() - p / (p + q)).abs().max().item()
    assert apart < 1e-6, apart
    middle = (p + q) / 2
    divergence = ((p * (p / middle).log()).sum() + (q * (q / middle).log()).sum()) / 2
    gap = abs(-loss().item() - (2 * divergence.item() - math.log(4)))
    assert gap < 1e-10, gap


def minimax_saturates(model: Any) -> None:
    """A fake seen through with logit l moves minimax by sigmoid(l), the other by 1 - sigmoid(l)."""
    for value in (-10.0, -3.0, 0.0, 4.0):
        slopes = []
        for loss in (model.minimax_loss, model.non_saturating_loss):
            logit = torch.tensor([value], requires_grad=True)
            loss(logit).backward()
            slopes.append(-logit.grad.item())  # type: ignore[union-attr]
        chance = 1 / (1 + math.exp(-value))
        assert abs(slopes[0] - chance) < 1e-12, (value, slopes)
        assert abs(slopes[1] - (1 - chance)) < 1e-12, (value, slopes)


def largest_singular_value_is_one(model: Any) -> None:
    """After some steps of power iteration each matrix of the discriminator has spectral norm 1."""
    critic = model.Discriminator(model.Config(**{**TINY, "batch_norm": False}, spectral=True))
    for _ in range(500):
        critic(torch.randn(1, 2, 16, 16))
    for layer in [*critic.downs, critic.score]:
        norm = torch.linalg.matrix_norm(layer.weight.flatten(1), 2).item()
        assert abs(norm - 1) < 1e-6, norm


def judge_sees_what_is_there(model: Any) -> None:
    """The judge finds ten digits in the data, one where all pictures show it, none in noise."""
    referee, (pictures, labels) = model.judge(), model.digits()
    right = (referee(pictures).argmax(dim=1) == labels).double().mean().item()
    assert right > 0.97, right
    assert model.shown(pictures, referee) == 10
    assert [model.shown(pictures[labels == n], referee) for n in (0, 3, 6)] == [1, 1, 1]
    assert model.shown(torch.rand(1000, 1, 8, 8) * 2 - 1, referee) == 0


# --- the proof ----------------------------------------------------------------------------------


def both(model: Any) -> nn.Module:
    """Both networks of DCGAN, side by side."""
    return nn.ModuleDict({"g": model.Generator(model.DCGAN), "d": model.Discriminator(model.DCGAN)})


def digits_shown(game: str) -> Callable[[Any, int, int], Iterator[tuple[int, float]]]:
    """Return a run of the named game."""

    def run(model: Any, seed: int, steps: int) -> Iterator[tuple[int, float]]:
        for step, _, count in model.train(seed, steps, getattr(model, game)):
            yield step, count

    return run


def samples(model: Any) -> Tensor:
    """Draw two rows of digits from the data, two of the collapsed game, two of the one that holds.

    The first twenty pictures after 800 steps with seed 0, in the order in which they came.
    """
    pictures, _ = model.digits()
    rows = [pictures[:20]]
    for game in (model.restless, model.held):
        *_, (_, player, _) = model.train(0, 800, game, every=800)
        rows.append(player.sample(20))
    drawn: Tensor = torch.cat(rows).view(6, 10, 8, 8)
    return 1 - (drawn + 1) / 2  # ink is dark


METRIC = "how many of the ten digits 1,000 new pictures show"

PROOF = Proof(
    code="gan.py",
    sizes=(Size("DCGAN, 64 pixels", both, {"Z": 100, "w": 128, "C": 3, "b": 4}),),
    ledger=(
        Row("Generator: projection", r"g\.project\.weight", "Z * 8 * w * b ** 2"),
        Row("Generator: norm of the projection", r"g\.norms\.0\..*", "2 * 8 * w * b ** 2"),
        Row(
            "Generator: transposed convolutions",
            r"g\.ups\.[012]\.weight",
            "25 * (8 * w * 4 * w + 4 * w * 2 * w + 2 * w * w)",
        ),
        Row("Generator: norms between", r"g\.norms\.[123]\..*", "2 * (4 * w + 2 * w + w)"),
        Row("Generator: to the picture", r"g\.ups\.3\.weight", "25 * w * C"),
        Row("Discriminator: from the picture", r"d\.downs\.0\.weight", "25 * C * w"),
        Row(
            "Discriminator: convolutions",
            r"d\.downs\.[123]\.weight",
            "25 * (w * 2 * w + 2 * w * 4 * w + 4 * w * 8 * w)",
        ),
        Row("Discriminator: norms", r"d\.norms\..*", "2 * (2 * w + 4 * w + 8 * w)"),
        Row("Discriminator: score", r"d\.score\.weight", "8 * w * b ** 2"),
    ),
    equalities=(
        Equality(
            "generator",
            generator,
            "torch.nn.Sequential of Linear, BatchNorm, ReLU, ConvTranspose2d and Tanh",
        ),
        Equality(
            "discriminator",
            discriminator,
            "torch.nn.Sequential of Conv2d, BatchNorm2d, LeakyReLU and Linear",
        ),
        Equality("spectral", spectral, "torch.nn.utils.parametrizations.spectral_norm"),
        Equality("losses", losses, "the formulas with probabilities, term by term"),
        Equality(
            "R1",
            r1,
            "finite differences: of the logit in each pixel, of the penalty in the weights",
            limit=1e-6,
            why_limit="a finite difference with a step of 1e-6 keeps about nine digits",
        ),
        Equality(
            "fractional strides",
            fractional_strides,
            "torch.nn.functional.conv2d with zeros between the pixels",
        ),
        Equality("a step", one_step, "two steps of the game, with Adam written out"),
    ),
    invariants=(
        shapes_of_the_paper,
        best_discriminator,
        minimax_saturates,
        largest_singular_value_is_one,
        judge_sees_what_is_there,
    ),
    mutants=(
        Mutant(
            "generator leaks",
            "F.relu(self.norms[i](x))",
            "F.leaky_relu(self.norms[i](x), 0.2)",
            ("generator",),
        ),
        Mutant(
            "projection not normalised",
            "F.relu(self.norms[i](x))",
            "F.relu(self.norms[i](x) if i else x + 0 * self.norms[i](x))",
            ("generator",),
        ),
        Mutant(
            "sigmoid for tanh", "return torch.tanh(x)", "return torch.sigmoid(x)", ("generator",)
        ),
        Mutant(
            "kernel of 3 in the generator",
            "5, stride=2, padding=2, output_padding=1, bias=False)",
            "3, stride=2, padding=1, output_padding=1, bias=False)",
            ("fractional strides",),
        ),
        Mutant(
            "width not doubled",
            "self.width * 2**i",
            "self.width * (i + 1)",
            ("shapes_of_the_paper",),
        ),
        Mutant("other leak", "F.leaky_relu(x, 0.2)", "F.leaky_relu(x, 0.1)", ("discriminator",)),
        Mutant("no leak", "F.leaky_relu(x, 0.2)", "F.relu(x)", ("spectral",)),
        Mutant(
            "norm after the activation",
            "                x = self.norms[i - 1](x)\n            x = F.leaky_relu(x, 0.2)",
            "                x = self.norms[i - 1](F.leaky_relu(x, 0.2))\n"
            "            else:\n                x = F.leaky_relu(x, 0.2)",
            ("discriminator",),
        ),
        Mutant(
            "rows and columns exchanged",
            "self.v = F.normalize(rows.T @ self.u, dim=0, eps=1e-12)",
            "self.v = F.normalize(rows.T @ (rows @ self.v).abs(), dim=0, eps=1e-12)",
            ("spectral", "largest_singular_value_is_one"),
        ),
        Mutant("no iteration", "if self.training:", "if False:", ("spectral",)),
        Mutant(
            "gradient not through the norm",
            "weight / (self.u @ rows @ self.v)",
            "weight / (self.u @ rows @ self.v).detach()",
            ("spectral",),
        ),
        Mutant(
            "Frobenius norm instead",
            "weight / (self.u @ rows @ self.v)",
            "weight / rows.norm()",
            ("spectral", "largest_singular_value_is_one"),
        ),
        Mutant(
            "real and fake exchanged",
            "F.softplus(-real).mean() + F.softplus(fake).mean()",
            "F.softplus(real).mean() + F.softplus(-fake).mean()",
            ("losses", "discriminator", "best_discriminator"),
        ),
        Mutant(
            "fakes count half",
            "F.softplus(-real).mean() + F.softplus(fake).mean()",
            "F.softplus(-real).mean() + F.softplus(fake).mean() / 2",
            ("losses", "best_discriminator"),
        ),
        Mutant(
            "minimax of the other sign",
            "return -F.softplus(fake).mean()",
            "return F.softplus(fake).mean()",
            ("losses", "minimax_saturates"),
        ),
        Mutant(
            "non-saturating loss saturates",
            "return F.softplus(-fake).mean()",
            "return -F.softplus(fake).mean()",
            ("losses", "generator", "minimax_saturates", "a step"),
        ),
        Mutant("R1 not halved", "gamma / 2 * slope", "gamma * slope", ("R1", "a step")),
        Mutant("R1 of the norm", ".square().sum(dim=1).mean()", ".norm(dim=1).mean()", ("R1",)),
        Mutant(
            "R1 at fakes",
            "r1_penalty(self.d, real, self",
            "r1_penalty(self.d, fake, self",
            ("a step",),
        ),
        Mutant(
            "noise from 0 to 1",
            "torch.rand(number, size) * 2 - 1",
            "torch.rand(number, size)",
            ("a step",),
        ),
        Mutant("other momentum", "beta: float = 0.5", "beta: float = 0.9", ("a step",)),
        Mutant("judge unsure", "sure > 0.8", "sure > 0.0", ("judge_sees_what_is_there",)),
    ),
    runs=(
        Run(
            "Momentum of 0.9, no penalty: collapse",
            digits_shown("restless"),
            METRIC,
            steps=800,
            reach=3,
            short=None,
            higher_is_better=False,
        ),
        Run(
            "Momentum of 0.5 and R1: held",
            digits_shown("held"),
            METRIC,
            steps=800,
            reach=7,
            short=(300, 3),
        ),
    ),
    figures=(Figure("samples.png", samples),),
    data=("../digits.txt",),
    speed=speed,
)

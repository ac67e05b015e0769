# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""How ddpm.py is proven; zooniverse/proofs/form.py says what each part means."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Iterator
from functools import cache, partial
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from zooniverse.proofs.form import (
    Equality,
    Figure,
    Link,
    Mutant,
    Pair,
    Proof,
    Published,
    Row,
    Run,
    Size,
    Values,
)

# The parts of a U-Net, small: two heights of three have attention, and no two widths are the same.
TINY = {"size": 8, "widths": (8, 12, 16), "attention": (4, 2), "groups": 2, "blocks": 2}
SAYS = {"noise": "epsilon", "picture": "sample", "velocity": "v_prediction"}


def tiny(model: Any, **changes: Any) -> Any:
    """Build a U-Net that is quick to compare."""
    return model.UNet(model.Config(**{**TINY, "dropout": 0.0, **changes}))


# --- equalities ---------------------------------------------------------------------------------


def reference(**changes: Any) -> Any:
    """Build the reference of a configuration of ours, with the settings of the public weights."""
    from diffusers import UNet2DModel

    c = {**TINY, "colours": 3, "classes": 0, **changes}
    heights = [c["size"] // 2**i for i in range(len(c["widths"]))]
    attends = ["Attn" if height in c["attention"] else "" for height in heights]
    return UNet2DModel(
        sample_size=c["size"],
        in_channels=c["colours"],
        out_channels=c["colours"],
        block_out_channels=c["widths"],
        down_block_types=tuple(f"{a}DownBlock2D" for a in attends),
        up_block_types=tuple(f"{a}UpBlock2D" for a in reversed(attends)),
        layers_per_block=c["blocks"],
        norm_num_groups=c["groups"],
        norm_eps=1e-6,
        attention_head_dim=None,
        downsample_padding=0,
        flip_sin_to_cos=False,
        freq_shift=1,
        num_class_embeds=c["classes"] + 1 if c["classes"] else None,
    )


class Sines(nn.Module):
    """The reference's code of the steps, which it computes in float32, in float64."""

    def forward(self, steps: Tensor) -> Tensor:
        half = TINY["widths"][0] // 2  # type: ignore[index]
        angle = steps[:, None] * torch.tensor([1e4 ** (-i / (half - 1)) for i in range(half)])
        return torch.cat((angle.sin(), angle.cos()), dim=1)


def pair(model: Any, library: Any, **changes: Any) -> Pair:
    """Ours and a reference: what they say of two noisy pictures, and the loss."""
    ours = tiny(model, **changes)
    process = model.Process(model.linear())
    picture, noise = torch.randn(2, 3, 8, 8), torch.randn(2, 3, 8, 8)
    t = torch.tensor([3, 700])
    label = torch.tensor([4, 1]) if changes else None
    x = process.noisy(picture, t, noise)

    def run_ours() -> dict[str, Tensor]:
        return {
            "said": ours(x, t, label),
            "loss": model.loss(ours, process, picture, t, noise, label),
        }

    def run_reference() -> dict[str, Tensor]:
        said = library(x, t - 1, class_labels=label).sample  # its first step is number 0
        return {"said": said, "loss": F.mse_loss(said, noise)}

    names = [name for name, _ in library.named_parameters()]
    return Pair(ours, library, run_ours, run_reference, [Link(model.our_name(n), n) for n in names])


def network(model: Any) -> Pair:
    """The network of the paper, in float64 throughout."""
    library = reference()
    library.time_proj = Sines()
    return pair(model, library)


def with_labels(model: Any) -> Pair:
    """The network with four labels and that for none, in float64 throughout."""
    library = reference(classes=4)
    library.time_proj = Sines()
    return pair(model, library, classes=4)


def as_it_is(model: Any) -> Pair:
    """The network against the library's class without any change."""
    return pair(model, reference())


def schedulers(name: str, **settings: Any) -> Iterator[tuple[str, str, Any]]:
    """Build the reference's scheduler for both schedules and all three predictions.

    It computes its tables in float32; those that its formulas give in float64 take their place.
    """
    import diffusers

    def left(part: float) -> float:
        return math.cos((part + 0.008) / 1.008 * math.pi / 2) ** 2

    rounded = {
        "linear": ("linear", [1e-4 + (0.02 - 1e-4) * i / 999 for i in range(1000)]),
        "cosine": (
            "squaredcos_cap_v2",
            [min(1 - left((i + 1) / 1000) / left(i / 1000), 0.999) for i in range(1000)],
        ),
    }
    for schedule, (kind, betas) in rounded.items():
        for says, prediction in SAYS.items():
            scheduler = getattr(diffusers, name)(
                beta_schedule=kind,
                prediction_type=prediction,
                timestep_spacing="trailing",
                **settings,
            )
            assert (scheduler.betas - torch.tensor(betas)).abs().max() < 1e-6
            scheduler.betas = torch.tensor(betas)
            scheduler.alphas = 1 - scheduler.betas
            scheduler.alphas_cumprod = scheduler.alphas.cumprod(dim=0)
            scheduler.one = scheduler.final_alpha_cumprod = torch.ones(())
            yield schedule, says, scheduler


def process_of(model: Any, schedule: str, says: str) -> Any:
    """Build our process of the same name."""
    return model.Process(getattr(model, schedule)(), says)


def schedules(model: Any) -> Values:
    """What is left at each step, noisy pictures, and what the network is asked to say."""
    ours: dict[str, Tensor] = {}
    theirs: dict[str, Tensor] = {}
    picture, noise = torch.randn(4, 3, 2, 2), torch.randn(4, 3, 2, 2)
    t = torch.tensor([1, 2, 500, 1000])
    for schedule, says, scheduler in schedulers("DDPMScheduler"):
        process, name = process_of(model, schedule, says), f"{schedule}, {says}"
        x = scheduler.add_noise(picture, noise, t - 1)
        asked = {
            "noise": noise,
            "picture": picture,
            "velocity": scheduler.get_velocity(picture, noise, t - 1),
        }[says]
        ours |= {
            f"{name}: left": process.left[1:],
            f"{name}: noisy": process.noisy(picture, t, noise),
            f"{name}: asked": process.target(picture, t, noise),
        }
        theirs |= {
            f"{name}: left": scheduler.alphas_cumprod,
            f"{name}: noisy": x,
            f"{name}: asked": asked,
        }
    return Values(ours, theirs)


class Stub(nn.Module):
    """Stands for a network: what it says depends on picture and step, and stays small."""

    def __init__(self) -> None:
        super().__init__()
        self.label = None

    def forward(self, x: Tensor, t: Tensor, label: Tensor | None = None) -> Tensor:
        return (1.3 * x + 0.01 * t[:, None, None, None]).sin()


def draw(scheduler: Any, start: Tensor, moves: int, seed: int, **settings: Any) -> Tensor:
    """Let the reference draw: its own loop, as its pipelines have it."""
    network, generator, x = Stub(), torch.Generator().manual_seed(seed), start
    scheduler.set_timesteps(moves)
    for t in scheduler.timesteps:
        said = network(x, torch.full((len(x),), int(t) + 1))
        x = scheduler.step(said, t, x, generator=generator, **settings).prev_sample
    return x


CLIPPED: dict[str, Any] = {"use_clipped_model_output": True}


@cache
def drawn_by_reference() -> tuple[Tensor, list[tuple[str, str, dict[str, Any], str, str, Tensor]]]:
    """Return noise, and what the reference makes of it in eight moves, with our names for how.

    It is the same whatever is done to our code, and so is computed once.
    """
    start, drawn = torch.randn(2, 3, 4, 4), []
    for name, settings, move, options in (
        ("DDPMScheduler", {}, "ddpm", {}),
        ("DDIMScheduler", CLIPPED, "ddim", {}),
        ("DDIMScheduler", {**CLIPPED, "eta": 0.6}, "ddim", {"eta": 0.6}),
    ):
        for schedule, says, scheduler in schedulers(name):
            which = f"{name}, {settings}, {schedule}, {says}"
            theirs = draw(scheduler, start, 8, 5, **settings)
            drawn.append((which, move, options, schedule, says, theirs))
    return start, drawn


def sampler(model: Any) -> Values:
    """Pictures drawn by both samplers in eight moves, DDIM without chance and with some."""
    start, drawn = drawn_by_reference()
    ours = {
        which: model.sample(
            Stub(),
            process_of(model, schedule, says),
            start,
            moves=8,
            move=partial(getattr(model, move), **options),
            generator=torch.Generator().manual_seed(5),
        )
        for which, move, options, schedule, says, _ in drawn
    }
    return Values(ours, {which: theirs for which, *_, theirs in drawn})


class Moved(NamedTuple):
    """A move of the reference from step t to step s, with our names for how."""

    which: str
    move: str
    options: dict[str, Any]
    schedule: str
    says: str
    t: int
    s: int
    theirs: Tensor


@cache
def moved_by_reference() -> tuple[Tensor, Tensor, list[Moved]]:
    """Return pictures, what is said of them, and the moves of the reference; computed once."""
    x, said, moved = torch.randn(2, 3, 4, 4), torch.randn(2, 3, 4, 4), []
    for clip in (True, False):
        for name, settings, of_step, move, options in (
            ("DDPMScheduler", {"variance_type": "fixed_small"}, {}, "ddpm", {}),
            ("DDPMScheduler", {"variance_type": "fixed_large"}, {}, "ddpm", {"large": True}),
            ("DDIMScheduler", {}, CLIPPED, "ddim", {}),
            ("DDIMScheduler", {}, {**CLIPPED, "eta": 1.0}, "ddim", {"eta": 1.0}),
        ):
            for schedule, says, scheduler in schedulers(name, clip_sample=clip, **settings):
                for far, places in ((1, (1000, 500, 2, 1)), (50, (1000, 100))):
                    scheduler.set_timesteps(1000 // far)
                    for t in places:
                        which = f"{name}, {clip}, {settings}, {of_step}, {schedule}, {says}, {t}"
                        which += f", {far}"
                        theirs = scheduler.step(
                            said,
                            torch.tensor(t - 1),
                            x,
                            generator=torch.Generator().manual_seed(5),
                            **of_step,
                        ).prev_sample
                        how = move, {**options, "clip": clip}, schedule, says
                        moved.append(Moved(which, *how, t, t - far, theirs))
    return x, said, moved


def moves(model: Any) -> Values:
    """Single moves of both samplers, near and far, with every setting that they have."""
    x, said, moved = moved_by_reference()
    noise = torch.randn(x.shape, generator=torch.Generator().manual_seed(5))
    processes = {
        (schedule, says): process_of(model, schedule, says)
        for schedule in ("linear", "cosine")
        for says in SAYS
    }
    ours = {
        m.which: getattr(model, m.move)(
            processes[m.schedule, m.says], x, m.t, m.s, said, noise, **m.options
        )
        for m in moved
    }
    return Values(ours, {m.which: m.theirs for m in moved})


class Plain(nn.Module):
    """The dense network, put together from layers of torch.nn."""

    def __init__(self, pixels: int, rate: int, blocks: int, classes: int) -> None:
        super().__init__()
        width = 4 * rate
        self.rate = rate
        self.code = nn.Sequential(nn.Linear(rate, width), nn.SiLU(), nn.Linear(width, width))
        self.label = nn.Embedding(classes + 1, width)
        self.read, self.write = nn.Linear(pixels, width), nn.Linear(width, pixels)
        self.enter = nn.ModuleList(
            nn.Sequential(nn.LayerNorm(width), nn.Linear(width, width)) for _ in range(blocks)
        )
        self.leave = nn.ModuleList(nn.Linear(width, width) for _ in range(blocks))

    def forward(self, x: Tensor, t: Tensor, label: Tensor) -> Tensor:
        half = self.rate // 2
        angle = (t - 1)[:, None] * torch.tensor([1e4 ** (-i / (half - 1)) for i in range(half)])
        code = self.code(torch.cat((angle.sin(), angle.cos()), dim=1)) + self.label(label)
        code = code * code.sigmoid()
        h = self.read(x.flatten(1))
        for enter, leave in zip(self.enter, self.leave, strict=True):
            inner = enter(h) + code
            h = h + leave(inner * inner.sigmoid())
        return self.write(h * h.sigmoid()).view_as(x)


def dense(model: Any) -> Pair:
    """The dense network that draws the digits, asked for labels and with guidance."""
    ours = model.Dense(model.Config(size=4, colours=2, widths=(6,), blocks=2, classes=3))
    plain = Plain(pixels=32, rate=6, blocks=2, classes=3)
    process = model.Process(model.cosine(), "velocity")
    picture, noise = torch.randn(3, 2, 4, 4), torch.randn(3, 2, 4, 4)
    t, label = torch.tensor([1, 400, 1000]), torch.tensor([2, 0, 3])
    x = process.noisy(picture, t, noise)
    none = torch.full((3,), 3)

    def run_ours() -> dict[str, Tensor]:
        return {
            "said": ours(x, t, label),
            "no label": ours(x, t),
            "guided": model.guided(ours, x, t, label, 1.5),
            "loss": model.loss(ours, process, picture, t, noise, label),
        }

    def run_reference() -> dict[str, Tensor]:
        said = plain(x, t, label)
        left = process.left[t][:, None, None, None]
        return {
            "said": said,
            "no label": plain(x, t, none),
            "guided": 2.5 * said - 1.5 * plain(x, t, none),
            "loss": (said - left.sqrt() * noise + (1 - left).sqrt() * picture).square().mean(),
        }

    links = [
        Link(f"{a}.{kind}", f"{b}.{kind}")
        for kind in ("weight", "bias")
        for a, b in (
            ("time.0", "code.0"), ("time.2", "code.2"), ("first", "read"), ("last", "write"),
            *((f"blocks.{i}.0", f"enter.{i}.0") for i in range(2)),
            *((f"blocks.{i}.1", f"enter.{i}.1") for i in range(2)),
            *((f"blocks.{i}.2", f"leave.{i}") for i in range(2)),
        )
    ]  # fmt: skip
    return Pair(
        ours, plain, run_ours, run_reference, [*links, Link("label.weight", "label.weight")]
    )


def speed(model: Any) -> Pair:
    """Four heights as for CIFAR-10, a quarter as wide, on 4 pictures of 32 pixels."""
    sizes = {
        "size": 32, "widths": (32, 64, 64, 64), "attention": (16,), "groups": 32, "blocks": 2,
    }  # fmt: skip
    ours, library = tiny(model, **sizes), reference(**sizes)
    x, noise, t = (
        torch.randn(4, 3, 32, 32),
        torch.randn(4, 3, 32, 32),
        torch.tensor([1, 9, 99, 999]),
    )

    def run_ours() -> dict[str, Tensor]:
        return {"loss": F.mse_loss(ours(x, t), noise)}

    def run_reference() -> dict[str, Tensor]:
        return {"loss": F.mse_loss(library(x, t - 1).sample, noise)}

    names = [name for name, _ in library.named_parameters()]
    return Pair(ours, library, run_ours, run_reference, [Link(model.our_name(n), n) for n in names])


# --- invariants ---------------------------------------------------------------------------------


def steps_add_up(model: Any) -> None:
    """The noise of t single steps (equation 2) is the noise added at once (equation 4)."""
    for betas in (model.linear(), model.cosine()):
        process = model.Process(betas)
        mean, variance = 1.0, 0.0
        for t, beta in enumerate(betas.tolist(), start=1):
            mean, variance = mean * math.sqrt(1 - beta), variance * (1 - beta) + beta
            if t in (1, 10, 500, 1000):
                a, s = process.parts(t, torch.ones(()))
                assert abs(a.item() - mean) < 1e-12, t
                assert abs(s.item() ** 2 - variance) < 1e-12, t


def schedules_end_in_noise(model: Any) -> None:
    """Both schedules fall from 1 to less than 0.00005, and the cosine keeps more until the end."""
    linear, cosine = (model.Process(s()).left for s in (model.linear, model.cosine))
    for left in (linear, cosine):
        assert left[0] == 1 and 0 < left[-1] < 5e-5, left[-1]
        assert (left.diff() < 0).all()
    assert (cosine[20:990] > linear[20:990]).all()
    assert abs(cosine[500].item() - math.cos(0.508 / 1.008 * math.pi / 2) ** 2 / 0.99984) < 1e-4


def three_ways_to_say_the_same(model: Any) -> None:
    """From noise, picture or velocity the same picture follows, and both samplers move alike."""
    picture, noise, fresh = (torch.rand(2, 1, 4, 4) * 2 - 1 for _ in range(3))
    for move in (model.ddpm, model.ddim):
        moved = []
        for says in SAYS:
            process = model.Process(model.linear(), says)
            x, said = process.noisy(picture, 400, noise), process.target(picture, 400, noise)
            assert (process.picture(x, 400, said) - picture).abs().max() < 1e-12, says
            moved.append(move(process, x, 400, 300, said, fresh))
        assert max((m - moved[0]).abs().max().item() for m in moved) < 1e-12


def all_chance_is_ddpm(model: Any) -> None:
    """DDIM with eta 1 makes DDPM's moves, near and far, clipped or not."""
    x, said, noise = (torch.randn(2, 1, 4, 4) for _ in range(3))
    process = model.Process(model.cosine(), "velocity")
    for t, s in ((1000, 999), (700, 350), (2, 1), (90, 0)):
        for clip in (True, False):
            a = model.ddpm(process, x, t, s, said, noise, clip=clip)
            b = model.ddim(process, x, t, s, said, noise, eta=1.0, clip=clip)
            assert (a - b).abs().max() < 1e-9, (t, s, clip)


def no_chance_keeps_the_noise(model: Any) -> None:
    """From the true noise, DDIM goes to any earlier step of the same picture in one move."""
    picture, noise = torch.rand(2, 1, 4, 4) * 2 - 1, torch.randn(2, 1, 4, 4)
    process = model.Process(model.linear())
    for t, s in ((1000, 0), (800, 300), (300, 299)):
        moved = model.ddim(process, process.noisy(picture, t, noise), t, s, noise, noise)
        assert (moved - process.noisy(picture, s, noise)).abs().max() < 1e-9, (t, s)


def moves_are_bayes_rule(model: Any) -> None:
    """DDPM's move is the product of two Gaussians: where x came from, and where the picture is."""
    process = model.Process(model.linear(), "picture")
    x, picture, noise = torch.randn(4, 1, 1, 1), torch.rand(4, 1, 1, 1), torch.randn(4, 1, 1, 1)
    for t, s in ((500, 499), (1000, 200), (3, 2)):
        here, there = process.left[t].item(), process.left[s].item()
        alpha = here / there
        precision = alpha / (1 - alpha) + 1 / (1 - there)
        mean = math.sqrt(alpha) / (1 - alpha) * x + math.sqrt(there) / (1 - there) * picture
        right = mean / precision + noise / math.sqrt(precision)
        apart = (model.ddpm(process, x, t, s, picture, noise) - right).abs().max()
        assert apart < 1e-9, (t, s, apart)


class Ideal(nn.Module):
    """The best that can be said of pictures whose pixels are Gaussian: the mean of what fits."""

    def __init__(self, process: Any, mean: float, deviation: float) -> None:
        super().__init__()
        self.label = None
        self.process, self.mean, self.deviation = process, mean, deviation

    def forward(self, x: Tensor, t: Tensor, label: Tensor | None = None) -> Tensor:
        a, s = self.process.parts(int(t[0]), x)
        gain = a * self.deviation**2 / ((a * self.deviation) ** 2 + s**2)
        picture = self.mean + gain * (x - a * self.mean)
        return self.process.target(picture, int(t[0]), (x - a * picture) / s)


def ideal_network_draws_the_data(model: Any) -> None:
    """With the best network for Gaussian data both samplers draw data of that mean and deviation.

    The network is known in closed form, whichever of the three it says; 4,800 numbers are drawn.
    """
    start = torch.randn(300, 1, 4, 4)
    for says, move in (
        ("noise", model.ddpm),
        ("picture", model.ddim),
        ("velocity", partial(model.ddpm, large=True)),
    ):
        process = model.Process(model.linear(), says)
        ideal = Ideal(process, mean=0.3, deviation=0.2)
        drawn = model.sample(ideal, process, start, move=partial(move, clip=False))
        assert abs(drawn.mean().item() - 0.3) < 0.015, (says, drawn.mean())
        assert abs(drawn.std().item() - 0.2) < 0.015, (says, drawn.std())


def guidance_is_a_line(model: Any) -> None:
    """Guidance 0 is the network with the label, -1 without, and all others lie on their line.

    It comes to the same whichever of the three a network says.
    """
    ours = tiny(model, classes=4)
    for weight in ours.parameters():
        nn.init.normal_(weight, std=0.3)
    x, t, label = torch.randn(2, 3, 8, 8), torch.tensor([5, 900]), torch.tensor([3, 0])
    with torch.no_grad():
        asked, plain = ours(x, t, label), ours(x, t)
        assert (asked - plain).abs().max() > 1e-3
        for strength in (0.0, -1.0, 2.5):
            right = plain + (1 + strength) * (asked - plain)
            apart = (model.guided(ours, x, t, label, strength) - right).abs().max()
            assert apart < 1e-9, (strength, apart)
    process = model.Process(model.linear(), "velocity")
    mixed = process.picture(x, t, 3 * asked - 2 * plain)
    pictures = 3 * process.picture(x, t, asked) - 2 * process.picture(x, t, plain)
    assert (mixed - pictures).abs().max() < 1e-9


def networks_begin_with_nothing(model: Any) -> None:
    """A new network, of either kind, says zero, and dropout is off while it draws."""
    for network in (
        tiny(model, dropout=0.5),
        model.Dense(model.Config(size=8, colours=3, widths=(8,), blocks=2)),
    ):
        x, t = torch.randn(2, 3, 8, 8), torch.tensor([1, 1000])
        assert network(x, t).abs().max() == 0
        for weight in network.parameters():
            nn.init.normal_(weight, std=0.3)
        process = model.Process(model.linear())
        a, b = (model.sample(network, process, x, moves=2, move=model.ddim) for _ in range(2))
        assert torch.equal(a, b)
        assert network.training
    drops = tiny(model, dropout=0.5)
    for weight in drops.parameters():
        nn.init.normal_(weight, std=0.3)
    assert not torch.equal(drops(x, t), drops(x, t))


def places_are_even(model: Any) -> None:
    """Whatever the number of moves, they lead from T to 0, evenly, and never back."""
    process = model.Process(model.linear())
    for number in (1, 2, 7, 50, 999, 1000):
        places = process.places(number)
        assert places[0] == 1000 and places[-1] == 0 and len(places) == number + 1
        gaps = [a - b for a, b in pairwise(places)]
        assert min(gaps) >= 1 and max(gaps) - min(gaps) <= 1, gaps


def loads_checkpoints(model: Any) -> None:
    """A random checkpoint in the library's format, by its new names or its old, says what it says.

    One that is not whole is refused, and so is one of another model.
    """
    from safetensors.torch import save_file

    library = reference().float()
    for weight in library.parameters():
        nn.init.normal_(weight, std=0.3)
    weights = {name: weight.contiguous() for name, weight in library.state_dict().items()}
    old = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}
    renamed = {}
    for name, weight in weights.items():
        for this, that in old.items():
            name = name.replace(f".{this}.", f".{that}.")
        renamed[name] = weight
    assert renamed.keys() != weights.keys()
    x, t = torch.randn(2, 3, 8, 8).float(), torch.tensor([7, 800])
    with tempfile.TemporaryDirectory() as place, torch.no_grad():
        new, former = Path(place) / "new.safetensors", Path(place) / "old.bin"
        save_file(weights, new)
        torch.save(renamed, former)
        said = library(x, t - 1).sample
        for file in (new, former):
            ours = tiny(model).float()
            model.load(ours, file)
            apart = (ours(x, t) - said).abs().max().item() / said.abs().max().item()
            assert apart < 1e-4, apart
        torch.save(dict(list(renamed.items())[1:]), former)
        for ours, file, words in (
            (tiny(model), former, "is missing"),
            (tiny(model, widths=(8, 12, 20)), new, "does not fit"),
        ):
            try:
                model.load(ours.float(), file)
            except SystemExit as error:
                assert words in str(error), error
            else:
                raise AssertionError(f"taken although it {words}")


def hidden_labels_are_not_learnt(model: Any) -> None:
    """With all labels hidden no label's code changes; with none hidden that for none does not."""
    for drop, kept in ((1.0, slice(0, 10)), (0.0, slice(10, 11))):
        torch.manual_seed(3)
        before = model.Dense(model.SMALL).label.weight.detach()
        with mock.patch.object(model, "judge", nn.Flatten):  # what is drawn does not matter
            *_, (_, after, _) = model.train(3, 5, drop=drop)
        same = (after.label.weight == before).all(dim=1)
        assert same[kept].all() and not same.all(), same


def nothing_held_out_is_learnt(model: Any) -> None:
    """Digits that are held out reach neither the network nor the judge.

    They are made not-a-number, which would spoil every weight that learnt from them.
    """
    x, labels = model.digits()
    x[-297:] = math.nan
    with mock.patch.object(model, "digits", lambda: (x, labels)):
        with mock.patch.object(model, "judge", nn.Flatten):  # what is drawn does not matter
            *_, (_, network, _) = model.train(1, 5)
        judge = model.judge()
    for weight in (*network.parameters(), *judge.parameters()):
        assert weight.isfinite().all()


def data_are_read(model: Any) -> None:
    """The digits are read row by row, from -1 to 1, and the judge knows those it has not seen."""
    x, labels = model.digits()
    assert x.shape == (1797, 1, 8, 8) and x.min() == -1 and x.max() == 1, x.shape
    assert ((x[0, 0, :2] + 1) * 8).flatten().tolist() == [
        0, 0, 5, 13, 9, 1, 0, 0, 0, 0, 13, 15, 10, 15, 5, 0
    ]  # fmt: skip
    assert labels[:10].tolist() == list(range(10))
    judged = model.as_asked(x[-297:], labels[-297:], model.judge())
    assert judged > 0.9, judged


# --- the proof ----------------------------------------------------------------------------------

CODE = "https://github.com/hojonathanho/diffusion/blob/master/scripts/"
NETWORKS = ("network", "with labels", "as it is")
MOVES = ("sampler", "moves")


def sums(widths: tuple[int, ...], size: int) -> dict[str, int]:
    """Return the letters of the ledger: sums over blocks, attentions and resizes."""
    d = width = widths[0]
    blocks: list[tuple[int, int]] = []
    attends: list[int] = [widths[-1]]
    resizes: list[int] = []
    kept = [d]
    for number, out in enumerate(widths):
        blocks += [(width, out), (out, out)]
        kept += [out, out]
        attends += 2 * [out] if size >> number == 16 else []
        if number < len(widths) - 1:
            resizes.append(out)
            kept.append(out)
        width = out
    blocks += 2 * [(width, width)]
    for number, out in reversed(list(enumerate(widths))):
        for _ in range(3):
            blocks.append((width + kept.pop(), out))
            width = out
        attends += 3 * [out] if size >> number == 16 else []
        resizes += [out] if number else []
    around = [(a, b) for a, b in blocks if a != b]
    return {
        "d": d,
        "i": sum(a for a, _ in blocks),
        "o": sum(b for _, b in blocks),
        "p": sum(a * b for a, b in blocks),
        "q": sum(b * b for _, b in blocks),
        "s": sum(a * b for a, b in around),
        "u": sum(b for _, b in around),
        "a": sum(attends),
        "b": sum(a * a for a in attends),
        "r": sum(resizes),
        "e": sum(a * a for a in resizes),
    }


def size(
    name: str, pick: Callable[[Any], Any], widths: tuple[int, ...], height: int, given: Published
) -> Size:
    """Return a published size, and the reference of the same size."""
    settings = {"widths": widths, "size": height, "attention": (16,), "blocks": 2, "groups": 32}
    return Size(
        name,
        lambda model: model.UNet(pick(model)),
        sums(widths, height),
        given,
        reference=lambda: reference(**settings),
    )


def drawn_digits(model: Any) -> Tensor:
    """Ten digits, asked for from 0 to 9: DDPM, DDIM in 50 moves, in 10, in 2, and guidance 4."""
    *_, (_, network, _) = model.train(0, 400, every=400)
    start = torch.randn(10, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    rows = [
        model.sample(
            network,
            model.EASY,
            start,
            torch.arange(10),
            moves,
            move,
            strength,
            torch.Generator().manual_seed(0),
        )
        for moves, move, strength in (
            (1000, model.ddpm, 0.0),
            (50, model.ddim, 0.0),
            (10, model.ddim, 0.0),
            (2, model.ddim, 0.0),
            (10, model.ddim, 4.0),
        )
    ]
    return (1 - torch.stack(rows)[:, :, 0]).clamp(0, 2) / 2


def on_the_way(model: Any) -> Tensor:
    """Five digits, asked for from 0 to 4, at the steps 1000, 800, 600, 400, 200, 100 and 0."""
    *_, (_, network, _) = model.train(0, 400, every=400)
    seen: list[Tensor] = []

    def watched(process: Any, x: Tensor, t: int, s: int, said: Tensor, noise: Tensor) -> Tensor:
        if t in (1000, 800, 600, 400, 200, 100):
            seen.append(x)
        moved: Tensor = model.ddpm(process, x, t, s, said, noise)
        return moved

    generator = torch.Generator().manual_seed(0)
    start = torch.randn(5, 1, 8, 8, generator=generator)
    last = model.sample(
        network, model.EASY, start, torch.arange(5), move=watched, generator=generator
    )
    return ((1 - torch.stack([*seen, last], dim=1)[:, :, 0]) / 2).clamp(0, 1)


def run(name: str, says: str, reach: float, short: tuple[int, float] | None = None) -> Run:
    """Return a run in which the network is to say one of the three."""
    return Run(
        name,
        lambda model, seed, steps: (
            (step, share)
            for step, _, share in model.train(
                seed, steps, process=model.Process(model.linear(), says)
            )
        ),
        "share of 200 digits drawn as asked, in 20 moves of DDIM without guidance",
        steps=400,
        reach=reach,
        short=short,
    )


PROOF = Proof(
    code="ddpm.py",
    sizes=(
        size(
            "CIFAR-10",
            lambda model: model.CIFAR_10,
            (128, 256, 256, 256),
            32,
            Published(35.7e6, 0.1e6, "the authors' code, run_cifar.py", CODE + "run_cifar.py"),
        ),
        size(
            "LSUN and CelebA-HQ",
            lambda model: model.LSUN,
            (128, 128, 256, 256, 512, 512),
            256,
            Published(114e6, 1e6, "the authors' code, run_lsun.py", CODE + "run_lsun.py"),
        ),
    ),
    ledger=(
        Row("First convolution", r"first\..*", "27 * d + d"),
        Row("Code of the step", r"time\..*", "4 * d * d + 4 * d + 16 * d * d + 4 * d"),
        Row("Blocks: first convolution", r".*\.blocks\.\d\.conv1\..*", "9 * p + o"),
        Row("Blocks: the step's code", r".*\.blocks\.\d\.time\..*", "4 * d * o + o"),
        Row("Blocks: second convolution", r".*\.blocks\.\d\.conv2\..*", "9 * q + o"),
        Row("Blocks: norms", r".*\.blocks\.\d\.norm\d\..*", "2 * (i + o)"),
        Row("Blocks: way around", r".*\.blocks\.\d\.shortcut\..*", "s + u"),
        Row("Attention", r".*\.attentions\..*", "4 * (b + a) + 2 * a"),
        Row("Halving and doubling", r".*\.resize\..*", "9 * e + r"),
        Row("Last norm and convolution", r"(norm|last)\..*", "2 * d + 27 * d + 3"),
    ),
    equalities=(
        Equality(
            "network",
            network,
            "diffusers.UNet2DModel, with its code of the steps in float64",
            package="diffusers",
        ),
        Equality(
            "with labels",
            with_labels,
            "diffusers.UNet2DModel with class embeddings, its code of the steps in float64",
            package="diffusers",
        ),
        Equality(
            "as it is",
            as_it_is,
            "diffusers.UNet2DModel, unchanged",
            package="diffusers",
            limit=1e-4,
            why_limit="its code of the steps is computed in float32 whatever it is given",
        ),
        Equality("dense", dense, "the same network from torch.nn.Sequential and LayerNorm"),
        Equality(
            "schedules",
            schedules,
            "diffusers.DDPMScheduler, its tables in float64",
            package="diffusers",
        ),
        Equality(
            "moves",
            moves,
            "step of diffusers.DDPMScheduler and diffusers.DDIMScheduler, their tables in float64",
            package="diffusers",
        ),
        Equality(
            "sampler",
            sampler,
            "diffusers.DDPMScheduler and diffusers.DDIMScheduler in a loop, tables in float64",
            package="diffusers",
        ),
    ),
    invariants=(
        steps_add_up,
        schedules_end_in_noise,
        three_ways_to_say_the_same,
        all_chance_is_ddpm,
        no_chance_keeps_the_noise,
        moves_are_bayes_rule,
        ideal_network_draws_the_data,
        guidance_is_a_line,
        networks_begin_with_nothing,
        places_are_even,
        loads_checkpoints,
        hidden_labels_are_not_learnt,
        nothing_held_out_is_learnt,
        data_are_read,
    ),
    mutants=(
        Mutant(
            "noise scaled by what is left of the picture",
            "return left.sqrt().to(like), (1 - left).sqrt().to(like)",
            "return left.sqrt().to(like), left.sqrt().to(like)",
            ("schedules", *MOVES, "steps_add_up", "ideal_network_draws_the_data"),
        ),
        Mutant(
            "step too late: no step 0",
            "torch.cat((torch.ones(1).double(), (1 - betas.double()).cumprod(dim=0)))",
            "torch.cat(((1 - betas.double()).cumprod(dim=0), torch.zeros(1).double()))",
            ("schedules", "steps_add_up", "schedules_end_in_noise"),
        ),
        Mutant(
            "end of the linear schedule",
            "torch.linspace(1e-4, 0.02, steps",
            "torch.linspace(1e-4, 0.01, steps",
            ("schedules", "schedules_end_in_noise"),
        ),
        Mutant(
            "cosine not squared",
            "* math.pi / 2).cos() ** 2",
            "* math.pi / 2).cos()",
            ("schedules", "schedules_end_in_noise"),
        ),
        Mutant(
            "picture from noise: not divided",
            "return (x - s * said) / a",
            "return x - s * said",
            (*MOVES, "three_ways_to_say_the_same", "no_chance_keeps_the_noise"),
        ),
        Mutant(
            "sign of the velocity",
            "else a * x - s * said",
            "else a * x + s * said",
            (*MOVES, "three_ways_to_say_the_same"),
        ),
        Mutant(
            "velocity asked for with parts exchanged",
            '"velocity": a * noise - s * picture',
            '"velocity": s * noise - a * picture',
            ("schedules", "dense", "three_ways_to_say_the_same"),
        ),
        Mutant(
            "mean without the factor of the picture",
            "math.sqrt(there) * (1 - alpha) / (1 - here) * picture",
            "(1 - alpha) / (1 - here) * picture",
            (*MOVES, "moves_are_bayes_rule", "all_chance_is_ddpm"),
        ),
        Mutant(
            "alpha taken for alpha bar",
            "alpha = here / there",
            "alpha = here",
            (*MOVES, "moves_are_bayes_rule", "ideal_network_draws_the_data"),
        ),
        Mutant(
            "variance taken for the deviation",
            "return mean + math.sqrt(variance) * noise",
            "return mean + variance * noise",
            (*MOVES, "moves_are_bayes_rule", "ideal_network_draws_the_data"),
        ),
        Mutant(
            "noise in the last move of the larger variance",
            "(1 if large and s else (1 - there)",
            "(1 if large else (1 - there)",
            ("moves",),
        ),
        Mutant(
            "DDIM: all noise kept beside the fresh",
            "math.sqrt(max(0.0, 1 - there - spread**2))",
            "math.sqrt(1 - there)",
            (*MOVES, "all_chance_is_ddpm"),
        ),
        Mutant(
            "DDIM: noise not found again after clipping",
            "found = (x - math.sqrt(here) * picture) / math.sqrt(1 - here)",
            "found = (x - math.sqrt(here) * process.picture(x, t, said)) / math.sqrt(1 - here)",
            (*MOVES, "all_chance_is_ddpm"),
        ),
        Mutant(
            "DDIM goes to the step where it is",
            "    return (\n        math.sqrt(there) * picture\n",
            "    return (\n        math.sqrt(here) * picture\n",
            (*MOVES, "no_chance_keeps_the_noise", "all_chance_is_ddpm"),
        ),
        Mutant(
            "guidance the wrong way",
            "return (1 + strength) * with_it - strength * without",
            "return (1 - strength) * with_it + strength * without",
            ("dense", "guidance_is_a_line"),
        ),
        Mutant(
            "guidance from another label instead of none",
            "none = torch.full_like(label, model.config.classes)",
            "none = torch.full_like(label, 0)",
            ("dense", "guidance_is_a_line"),
        ),
        Mutant(
            "steps spread from the wrong end",
            "round(self.steps * i / number) for",
            "round((self.steps - 1) * i / number) for",
            ("sampler", "places_are_even"),
        ),
        Mutant(
            "dropout on while drawing",
            "    model.eval()\n",
            "    model.train()\n",
            ("networks_begin_with_nothing",),
        ),
        Mutant(
            "last layer not silent",
            "self.last = silent(nn.Conv2d(width, c.colours, 3, padding=1))",
            "self.last = nn.Conv2d(width, c.colours, 3, padding=1)",
            ("networks_begin_with_nothing",),
        ),
        Mutant(
            "step counted from 1",
            "angle = (t - 1)[:, None] * rate",
            "angle = t[:, None] * rate",
            (*NETWORKS, "dense", "loads_checkpoints"),
        ),
        Mutant("rates of the code", "/ (half - 1))", "/ half)", (*NETWORKS, "dense")),
        Mutant(
            "code without its activation",
            "return F.silu(code)",
            "return code",
            (*NETWORKS, "dense"),
        ),
        Mutant(
            "label left out",
            "none if label is None else label",
            "none",
            ("with labels", "dense", "guidance_is_a_line"),
        ),
        Mutant(
            "code added after the second norm",
            "h = self.conv1(F.silu(self.norm1(x))) + self.time(code)[:, :, None, None]\n"
            "        h = self.conv2(self.dropout(F.silu(self.norm2(h))))",
            "h = self.conv1(F.silu(self.norm1(x)))\n"
            "        h = self.conv2(F.silu(self.norm2(h) + self.time(code)[:, :, None, None]))",
            NETWORKS,
        ),
        Mutant(
            "epsilon of the norms",
            "self.norm1 = nn.GroupNorm(c.groups, inputs, eps=1e-6)",
            "self.norm1 = nn.GroupNorm(c.groups, inputs, eps=1e-5)",
            ("network",),
        ),
        Mutant(
            "padding on all sides",
            "return super().forward(F.pad(x, (0, 1, 0, 1)))",
            "return super().forward(F.pad(x, (1, 0, 1, 0)))",
            (*NETWORKS, "loads_checkpoints"),
        ),
        Mutant(
            "attention without its way around",
            "return x + self.output(seen)",
            "return self.output(seen)",
            NETWORKS,
        ),
        Mutant(
            "attention not scaled",
            "self.key(rows), self.value(rows))",
            "self.key(rows), self.value(rows), scale=1.0)",
            NETWORKS,
        ),
        Mutant(
            "what is kept comes first",
            "torch.cat((x, kept.pop()), dim=1)",
            "torch.cat((kept.pop(), x), dim=1)",
            NETWORKS,
        ),
        Mutant(
            "dense: activation left out",
            "block[2](F.silu(block[1](block[0](h)) + code))",
            "block[2](block[1](block[0](h)) + code)",
            ("dense",),
        ),
        Mutant(
            "checkpoint: query and key exchanged",
            '"to_q": "query", "to_k": "key"',
            '"to_q": "key", "to_k": "query"',
            ("loads_checkpoints",),
        ),
        Mutant(
            "checkpoint: one that is not whole taken",
            "    if missing:\n",
            "    if False:\n",
            ("loads_checkpoints",),
        ),
        Mutant(
            "no label is ever hidden",
            "masked_fill(torch.rand(64) < drop, c.classes)",
            "masked_fill(torch.rand(64) < 0, c.classes)",
            ("hidden_labels_are_not_learnt",),
        ),
        Mutant(
            "learns from what is held out",
            "torch.randint(len(pictures) - HELD_OUT, (64,))",
            "torch.randint(len(pictures), (64,))",
            ("nothing_held_out_is_learnt",),
        ),
        Mutant(
            "judge learns from what is held out",
            "pictures, labels = (x[:-HELD_OUT] for x in digits())",
            "pictures, labels = digits()",
            ("nothing_held_out_is_learnt",),
        ),
        Mutant(
            "pictures from 0 to 2",
            "values.view(-1, 1, 8, 8) / 8 - 1",
            "values.view(-1, 1, 8, 8) / 8",
            ("data_are_read",),
        ),
    ),
    runs=(
        run("Asked for the picture", "picture", 0.95, (100, 0.5)),
        run("Asked for the velocity", "velocity", 0.85),
        run("Asked for the noise, as in the paper", "noise", 0.75),
    ),
    data=("../digits.txt",),
    figures=(Figure("samples.png", drawn_digits), Figure("steps.png", on_the_way)),
    speed=speed,
)

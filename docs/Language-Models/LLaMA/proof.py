# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""How llama.py is proven; zooniverse/proofs/form.py says what each part means."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from zooniverse.proofs.form import Equality, Link, Mutant, Pair, Proof, Published, Row, Run, Size

WIDTH, HEADS, GROUPS, HIDDEN, LAYERS, VOCABULARY = 24, 6, 2, 40, 2, 17
THETA = 100.0  # so that even the slowest pair turns visibly within a short sequence


def tiny(model: Any, **changes: Any) -> Any:
    """Build a model that is quick to compare; no two of its sizes are the same."""
    settings = {
        "width": WIDTH, "layers": LAYERS, "heads": HEADS, "groups": GROUPS, "hidden": HIDDEN,
        "vocabulary": VOCABULARY, "theta": THETA, "epsilon": 0.03,
    }  # fmt: skip
    return model.Llama(model.Config(**{**settings, **changes}))


def tokens(*shape: int) -> Tensor:
    """Return random tokens."""
    return torch.randint(VOCABULARY, shape)


# --- equalities ---------------------------------------------------------------------------------


def reference(**changes: Any) -> Any:
    """Build the reference of a configuration of ours, as the library has it."""
    from transformers import LlamaConfig, LlamaForCausalLM

    c = {
        "width": WIDTH, "layers": LAYERS, "heads": HEADS, "groups": GROUPS, "hidden": HIDDEN,
        "vocabulary": VOCABULARY, "theta": THETA, "epsilon": 0.03, **changes,
    }  # fmt: skip
    return LlamaForCausalLM(
        LlamaConfig(
            hidden_size=c["width"],
            num_hidden_layers=c["layers"],
            num_attention_heads=c["heads"],
            num_key_value_heads=c["groups"],
            intermediate_size=c["hidden"],
            vocab_size=c["vocabulary"],
            rms_norm_eps=c["epsilon"],
            rope_parameters={"rope_type": "default", "rope_theta": c["theta"]},
            tie_word_embeddings=False,
        )
    )


class Angles(nn.Module):
    """The reference's rotary angles, which it computes in float32, in float64."""

    def forward(self, x: Tensor, position_ids: Tensor) -> tuple[Tensor, Tensor]:
        size = WIDTH // HEADS
        angle = position_ids[..., None] * torch.tensor(
            [THETA ** (-2 * (i % (size // 2)) / size) for i in range(size)]
        )
        return angle.cos(), angle.sin()


def in_float64(library: Any) -> Any:
    """Put float64 in the place of the two parts of the reference that are float32 always."""
    for parent in list(library.modules()):
        for name, child in list(parent.named_children()):
            if type(child).__name__ == "LlamaRMSNorm":
                norm = nn.RMSNorm(child.weight.shape[0], eps=child.variance_epsilon)
                norm.weight = child.weight
                setattr(parent, name, norm)
    library.model.rotary_emb = Angles()
    return library


def pair(model: Any, library: Any) -> Pair:
    """Ours and a reference, with scores and loss of the same two sequences."""
    ours = tiny(model)
    given = tokens(2, 9)

    def run_ours() -> dict[str, Tensor]:
        return {"scores": ours(given), "loss": model.loss(ours, given)}

    def run_reference() -> dict[str, Tensor]:
        scores = library(given).logits
        loss = F.cross_entropy(scores[:, :-1].flatten(0, 1), given[:, 1:].flatten())
        return {"scores": scores, "loss": loss}

    names = [name for name, _ in library.named_parameters()]
    return Pair(ours, library, run_ours, run_reference, [Link(model.our_name(n), n) for n in names])


def whole_model(model: Any) -> Pair:
    """The whole model, with grouped queries, in float64 throughout."""
    return pair(model, in_float64(reference()))


def as_it_is(model: Any) -> Pair:
    """The whole model against the library's class without any change."""
    return pair(model, reference())


def speed(model: Any) -> Pair:
    """Proportions as in Llama 2 70B, eight times fewer groups than heads, on 4 texts of 128."""
    sizes = {"width": 256, "layers": 4, "heads": 8, "groups": 1, "hidden": 704, "vocabulary": 2000}
    ours, library = tiny(model, **sizes), reference(**sizes)
    given = torch.randint(2000, (4, 128))

    def run_ours() -> dict[str, Tensor]:
        return {"loss": model.loss(ours, given)}

    def run_reference() -> dict[str, Tensor]:
        return {"loss": library(given, labels=given).loss}

    return Pair(ours, library, run_ours, run_reference)


# --- invariants ---------------------------------------------------------------------------------


def no_peeking(model: Any) -> None:
    """A token changes no score before it, and every score from it on."""
    ours, given = tiny(model), tokens(1, 8)
    other = given.clone()
    other[0, 5] = (given[0, 5] + 1) % VOCABULARY
    changed = (ours(given) != ours(other)).any(dim=-1)[0]
    assert changed.tolist() == [False] * 5 + [True] * 3, changed.tolist()


def cache_changes_nothing(model: Any) -> None:
    """Reading a text in pieces, keys and values kept, gives the scores of reading it whole."""
    ours, given = tiny(model), tokens(2, 11)
    cache: dict[int, Any] = {}
    pieces = [ours(given[:, a:b], cache) for a, b in itertools.pairwise((0, 4, 5, 8, 9, 11))]
    apart = (torch.cat(pieces, dim=1) - ours(given)).abs().max().item()
    assert apart < 1e-12, apart
    kept = cache[0][0].shape
    assert kept == (2, GROUPS, 11, WIDTH // HEADS), kept


def only_distance_counts(model: Any) -> None:
    """The product of a turned query and key depends on their distance, not on their places."""
    q, k = torch.randn(1, 1, 1, 8), torch.randn(1, 1, 1, 8)

    def product(at: int, distance: int) -> float:
        here = model.turns(at + distance, 1, 8, THETA, q)
        there = model.turns(at, 1, 8, THETA, q)
        return float((model.rotate(q, here) * model.rotate(k, there)).sum())

    for distance in (0, 1, 7):
        apart = [abs(product(at, distance) - product(0, distance)) for at in (1, 10, 1000)]
        assert max(apart) < 1e-10, (distance, apart)
    assert abs(product(0, 1) - product(0, 7)) > 1e-3
    assert abs(float(model.rotate(q, model.turns(9, 1, 8, THETA, q)).norm() - q.norm())) < 1e-12


def norm_ignores_scale(model: Any) -> None:
    """RMSNorm gives the same for x and for 1,000 x, and a root mean square of 1."""
    norm, x = model.RMSNorm(16, 1e-12).requires_grad_(False), torch.randn(5, 16) + 2
    assert (norm(x) - norm(1000 * x)).abs().max().item() < 1e-9
    assert float((norm(x).square().mean(-1) - 1).abs().max()) < 1e-9
    assert float(norm(x).mean().abs()) > 0.1  # the mean stays, unlike in LayerNorm


def equal_heads_are_one_group(model: Any) -> None:
    """A group's shared key and value do what that many equal heads do."""
    grouped, full = tiny(model), tiny(model, groups=HEADS)
    with torch.no_grad():
        for (name, a), b in zip(grouped.named_parameters(), full.parameters(), strict=True):
            if name.endswith(("key.weight", "value.weight")):
                heads = a.unflatten(0, (GROUPS, -1)).repeat_interleave(HEADS // GROUPS, dim=0)
                a = heads.flatten(0, 1)
            b.copy_(a)
    given = tokens(2, 7)
    apart = (grouped(given) - full(given)).abs().max().item()
    assert apart < 1e-12, apart


def loads_checkpoints(model: Any) -> None:
    """A random checkpoint in the library's format, in one file or two, gives its scores."""
    from safetensors.torch import save_file

    library = reference().float()
    for weight in library.parameters():
        nn.init.normal_(weight)
    weights = {name: weight.contiguous() for name, weight in library.state_dict().items()}
    given = tokens(1, 6)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        half = len(weights) // 2
        entries = list(weights.items())
        save_file(dict(entries[:half]), folder / "model-1.safetensors")
        save_file(dict(entries[half:]), folder / "model-2.safetensors")
        torch.save(weights, folder / "whole.pt")
        for place in (folder, folder / "whole.pt"):
            ours = tiny(model).float()
            model.load(ours, place)
            apart = (ours(given) - library(given).logits).abs().max().item()
            assert apart < 1e-3, apart
        torch.save(dict(entries[1:]), folder / "whole.pt")
        try:
            model.load(tiny(model).float(), folder / "whole.pt")
        except SystemExit as error:
            assert "is missing" in str(error), error
        else:
            raise AssertionError("an incomplete checkpoint was taken")


# --- the proof ----------------------------------------------------------------------------------

ONE = ("Touvron et al. (2023a), Table 2", "https://arxiv.org/abs/2302.13971")
TWO = ("Touvron et al. (2023b), Table 1", "https://arxiv.org/abs/2307.09288")
THREE = ("Grattafiori et al. (2024), Table 3", "https://arxiv.org/abs/2407.21783")
NAMES_ONLY = "the paper names its models by rounded sizes"


def published(value: float, unit: float, where: tuple[str, str], gap: str = "") -> Published:
    """Return a published size with its source."""
    return Published(value, unit, *where, gap)


def meta(name: str) -> Callable[[Any], nn.Module]:
    """Return what builds a size."""
    return lambda model: model.Llama(model.SIZES[name])


def size(name: str, shape: tuple[int, ...], given: Published) -> Size:
    """Return a size; its shape is N, d, h, g, f, V."""
    layers, width, heads, groups, hidden, vocabulary = shape
    return Size(
        name,
        meta(name),
        {"N": layers, "d": width, "h": heads, "g": groups, "f": hidden, "V": vocabulary},
        given,
        reference=lambda: reference(
            layers=layers, width=width, heads=heads, groups=groups, hidden=hidden,
            vocabulary=vocabulary,
        ),
    )  # fmt: skip


PROOF = Proof(
    code="llama.py",
    sizes=(
        size("LLaMA 7B", (32, 4096, 32, 32, 11008, 32000), published(6.7e9, 0.1e9, ONE)),
        size("LLaMA 13B", (40, 5120, 40, 40, 13824, 32000), published(13.0e9, 0.1e9, ONE)),
        size("LLaMA 33B", (60, 6656, 52, 52, 17920, 32000), published(32.5e9, 0.1e9, ONE)),
        size(
            "LLaMA 65B",
            (80, 8192, 64, 64, 22016, 32000),
            published(65.2e9, 0.1e9, ONE, "65.286 billion, which the paper rounds down"),
        ),
        size("Llama 2 7B", (32, 4096, 32, 32, 11008, 32000), published(7e9, 1e9, TWO)),
        size("Llama 2 13B", (40, 5120, 40, 40, 13824, 32000), published(13e9, 1e9, TWO)),
        size("Llama 2 70B", (80, 8192, 64, 8, 28672, 32000), published(70e9, 1e9, TWO, NAMES_ONLY)),
        size("Llama 3 8B", (32, 4096, 32, 8, 14336, 128256), published(8e9, 1e9, THREE)),
        size(
            "Llama 3 70B", (80, 8192, 64, 8, 28672, 128256), published(70e9, 1e9, THREE, NAMES_ONLY)
        ),
        size(
            "Llama 3.1 405B",
            (126, 16384, 128, 8, 53248, 128256),
            published(405e9, 1e9, THREE, NAMES_ONLY),
        ),
    ),
    ledger=(
        Row("Token embedding", r"embedding\.weight", "V * d"),
        Row("Queries", r"blocks\.\d+\.attention\.query\.weight", "N * d * d"),
        Row(
            "Keys and values",
            r"blocks\.\d+\.attention\.(key|value)\.weight",
            "N * 2 * d * g * (d // h)",
        ),
        Row("Attention output", r"blocks\.\d+\.attention\.output\.weight", "N * d * d"),
        Row("Feed-forward", r"blocks\.\d+\.feed_forward\.\w+\.weight", "N * 3 * d * f"),
        Row("Norms", r"(blocks\.\d+\.norm\d|norm)\.weight", "(2 * N + 1) * d"),
        Row("Scores", r"scores\.weight", "V * d"),
    ),
    equalities=(
        Equality(
            "model",
            whole_model,
            "transformers.LlamaForCausalLM, with torch.nn.RMSNorm and float64 angles in the place "
            "of its own norm and angles",
            package="transformers",
        ),
        Equality(
            "as it is",
            as_it_is,
            "transformers.LlamaForCausalLM, unchanged",
            package="transformers",
            limit=1e-5,
            why_limit="its norm and its angles are computed in float32 whatever it is given",
        ),
    ),
    invariants=(
        no_peeking,
        cache_changes_nothing,
        only_distance_counts,
        norm_ignores_scale,
        equal_heads_are_one_group,
        loads_checkpoints,
    ),
    mutants=(
        Mutant("future seen", "is_causal=seen is None", "is_causal=False", ("model", "no_peeking")),
        Mutant(
            "future seen by the new ones",
            ".tril(whole - new)",
            "",
            ("cache_changes_nothing",),
        ),
        Mutant(
            "cache without place",
            "start = cache[0][0].shape[2] if cache else 0",
            "start = 0",
            ("cache_changes_nothing",),
        ),
        Mutant(
            "keys not turned",
            "q, k = rotate(q, turn), rotate(k, turn)",
            "q, k = rotate(q, turn), k",
            ("model", "as it is"),
        ),
        Mutant(
            "sign of the turn",
            "a * cosine - b * sine, b * cosine + a * sine",
            "a * cosine + b * sine, b * cosine + a * sine",
            ("model", "only_distance_counts"),
        ),
        Mutant(
            "neighbours paired", "x.chunk(2, dim=-1)", "(x[..., ::2], x[..., 1::2])", ("model",)
        ),
        Mutant("other wavelengths", "/ size)\n    return", "/ (size + 2))\n    return", ("model",)),
        Mutant(
            "norm takes the mean off",
            "return F.rms_norm(x, self.weight.shape, self.weight, self.epsilon)",
            "return F.layer_norm(x, self.weight.shape, self.weight, eps=self.epsilon)",
            ("model", "norm_ignores_scale"),
        ),
        Mutant(
            "epsilon left out",
            "self.weight, self.epsilon)",
            "self.weight, 1e-12)",
            ("model", "as it is"),
        ),
        Mutant(
            "heads interleaved",
            "y.unflatten(-1, (-1, self.size)).transpose(1, 2)",
            "y.unflatten(-1, (self.size, -1)).movedim(-1, 1)",
            ("model",),
        ),
        Mutant(
            "groups dealt out in turn",
            "q, k, v, attn_mask=seen",
            "q, k.tile(q.shape[1] // k.shape[1], 1, 1), v.tile(q.shape[1] // v.shape[1], 1, 1), "
            "attn_mask=seen",
            ("model", "equal_heads_are_one_group"),
        ),
        Mutant("other gate", "F.silu(self.gate(x))", "F.gelu(self.gate(x))", ("model",)),
        Mutant(
            "gate left out", "F.silu(self.gate(x)) * self.up(x)", "F.silu(self.up(x))", ("model",)
        ),
        Mutant("residual left out", "x = x + gathered", "x = gathered", ("model", "as it is")),
        Mutant(
            "norm of attention twice",
            "self.feed_forward(self.norm2(x))",
            "self.feed_forward(self.norm1(x))",
            ("model",),
        ),
        Mutant("last norm left out", "self.scores(self.norm(x))", "self.scores(x)", ("model",)),
        Mutant(
            "loss of the same token",
            "tokens[:, 1:].flatten()",
            "tokens[:, :-1].flatten()",
            ("model",),
        ),
        Mutant(
            "checkpoint: gate and up exchanged",
            '"mlp.gate_proj": "feed_forward.gate", "mlp.up_proj": "feed_forward.up",',
            '"mlp.gate_proj": "feed_forward.up", "mlp.up_proj": "feed_forward.gate",',
            ("loads_checkpoints",),
        ),
        Mutant(
            "checkpoint: incomplete taken",
            "    if missing:\n",
            "    if False:\n",
            ("loads_checkpoints",),
        ),
    ),
    runs=(
        Run(
            "Copying words of 12 symbols",
            lambda model, seed, steps: ((s, share) for s, _, share in model.train(seed, steps)),
            "share of symbols of 100 new words copied right",
            steps=150,
            reach=0.95,
            short=(100, 0.5),
        ),
    ),
    speed=speed,
)

# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""How vit.py is proven; zooniverse/proofs/form.py says what each part means."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

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
from zooniverse.proofs.pairing import links_of, share_weights

WIDTH, LAYERS, HEADS, HIDDEN, PATCH, SIDE, CLASSES = 24, 2, 4, 36, 3, 12, 7
TINY = {
    "width": WIDTH, "layers": LAYERS, "heads": HEADS, "hidden": HIDDEN, "patch": PATCH,
    "side": SIDE, "classes": CLASSES, "epsilon": 0.03,
}  # fmt: skip


def tiny(model: Any, **changes: Any) -> Any:
    """Build a model that is quick to compare, with random positions and token of unit scale."""
    ours = model.ViT(model.Config(**{**TINY, **changes}))
    for parameter in (ours.token, ours.positions):
        nn.init.normal_(parameter)
    return ours


# --- equalities ---------------------------------------------------------------------------------


def reference(kind: str = "sdpa", **changes: Any) -> Any:
    """Build the reference of a configuration of ours, as the library has it."""
    from transformers import ViTConfig, ViTForImageClassification

    c = {**TINY, **changes}
    return ViTForImageClassification(
        ViTConfig(
            hidden_size=c["width"],
            num_hidden_layers=c["layers"],
            num_attention_heads=c["heads"],
            intermediate_size=c["hidden"],
            patch_size=c["patch"],
            image_size=c["side"],
            layer_norm_eps=c["epsilon"],
            num_labels=c["classes"],  # type: ignore[call-arg]
            attn_implementation=kind,
        )
    )


# What the library calls the parts of a model in memory; its files have other names.
PARTS = {
    "vit.layers": "blocks", "q_proj": "query", "k_proj": "key", "v_proj": "value",
    "o_proj": "output", "mlp.fc1": "up", "mlp.fc2": "down", "layernorm_before": "norm1",
    "layernorm_after": "norm2", "vit.layernorm": "norm", "classifier": "scores",
    "vit.embeddings.cls_token": "token", "vit.embeddings.position_embeddings": "positions",
    "vit.embeddings.patch_embeddings.projection": "patches",
}  # fmt: skip


def links(library: nn.Module) -> list[Link]:
    """Say which of our parameters is which of the library's."""
    found = []
    for name, _ in library.named_parameters():
        ours = name
        for theirs, part in PARTS.items():
            ours = ours.replace(theirs, part)
        found.append(Link(ours, name))
    return found


def whole(rows: int, columns: int, model: Any) -> Pair:
    """Tokens before and after the encoder, scores and loss of pictures of any size."""
    ours, library = tiny(model), reference()
    x, y = torch.randn(2, 3, rows, columns), torch.randint(CLASSES, (2,))
    other = (rows, columns) != (SIDE, SIDE)

    def run_ours() -> dict[str, Tensor]:
        scores = ours(x)
        loss = F.cross_entropy(scores, y)
        return {"tokens": ours.embed(x), "states": ours.encode(x), "scores": scores, "loss": loss}

    def run_reference() -> dict[str, Tensor]:
        tokens = library.vit.embeddings(x, interpolate_pos_encoding=other)
        states = library.vit(x, interpolate_pos_encoding=other).last_hidden_state
        found = library(x, labels=y, interpolate_pos_encoding=other)
        return {"tokens": tokens, "states": states, "scores": found.logits, "loss": found.loss}

    return Pair(ours, library, run_ours, run_reference, links(library))


def maps(model: Any) -> Values:
    """The attention weights of every layer, with the same random weights on both sides."""
    ours, library = tiny(model), reference("eager")
    pair = Pair(ours, library, dict, dict, links(library))
    share_weights(pair, links_of(pair))
    x = torch.randn(2, 3, SIDE, SIDE)
    with torch.no_grad():
        here = model.attentions(ours, x)
        there = library(x, output_attentions=True).attentions
    names = [f"layer {number}" for number in range(1, LAYERS + 1)]
    return Values(
        dict(zip(names, here, strict=True)),
        dict(zip(names, there, strict=True)),
    )


def speed(model: Any) -> Pair:
    """Two layers as wide as in ViT-B, on 2 pictures of 112 x 112 pixels in patches of 16."""
    sizes: dict[str, Any] = {
        "width": 768,
        "layers": 2,
        "heads": 12,
        "hidden": 3072,
        "patch": 16,
        "side": 112,
    }
    ours, library = tiny(model, **sizes), reference(**sizes)
    x, y = torch.randn(2, 3, 112, 112), torch.randint(CLASSES, (2,))

    def run_ours() -> dict[str, Tensor]:
        return {"loss": F.cross_entropy(ours(x), y)}

    def run_reference() -> dict[str, Tensor]:
        return {"loss": library(x, labels=y).loss}

    return Pair(ours, library, run_ours, run_reference, links(library))


# --- invariants ---------------------------------------------------------------------------------


def a_patch_is_a_row_of_numbers(model: Any) -> None:
    """A patch's token is one matrix times its pixels, row by row of the picture, plus a place."""
    ours, x = tiny(model), torch.randn(2, 3, SIDE, SIDE)
    across = SIDE // PATCH
    for number in range(across**2):
        top, left = PATCH * (number // across), PATCH * (number % across)
        pixels = x[:, :, top : top + PATCH, left : left + PATCH].flatten(1)
        token = pixels @ ours.patches.weight.flatten(1).T + ours.patches.bias
        place = ours.positions[0, 1 + number]
        assert (ours.embed(x)[:, 1 + number] - token - place).abs().max() < 1e-12, number
    assert (ours.embed(x)[:, 0] - ours.token[0] - ours.positions[:, 0]).abs().max() < 1e-12


def only_positions_know_places(model: Any) -> None:
    """Patches in another order give the same scores without positions, and others with them."""
    ours, x = tiny(model), torch.randn(2, 3, SIDE, SIDE)
    shuffled = x.unflatten(3, (-1, PATCH)).flip(3).flatten(3)  # columns of patches, mirrored
    assert (ours(x) - ours(shuffled)).abs().max() > 1e-3
    nn.init.zeros_(ours.positions)
    assert (ours(x) - ours(shuffled)).abs().max() < 1e-12


def positions_stretch_with_the_picture(model: Any) -> None:
    """Positions that rise from left to right still do so, and from top to bottom do not, when wide.

    The grid that was learnt is handed on as it is.
    """
    ours = tiny(model)
    assert ours.positions_for(4, 4) is ours.positions
    with torch.no_grad():
        ours.positions[0, 1:] = (torch.arange(16) % 4)[:, None].to(ours.positions.dtype)
        wide = ours.positions_for(4, 11)[0, 1:, 0].unflatten(0, (4, 11))
    assert (wide.diff(dim=1) > 0).all() and wide.diff(dim=0).abs().max() < 1e-12


def weights_are_those_in_use(model: Any) -> None:
    """Values gathered by the weights that are shown are what the layer gives; rows sum to 1."""
    attention, x = tiny(model).blocks[0].attention, torch.randn(2, 9, WIDTH)
    weights = attention.weights(x)
    assert (weights.sum(dim=-1) - 1).abs().max() < 1e-12
    heads = weights @ attention.split(attention.value(x))
    gathered = attention.output(heads.transpose(1, 2).flatten(2))
    assert (gathered - attention(x)).abs().max() < 1e-12


def rollout_is_a_share_of_patches(model: Any) -> None:
    """Rollout sums to 1, follows one layer to the layer before, and counts the token itself.

    Two layers are written out.
    """
    first, second = (torch.rand(1, 3, 5, 5).softmax(dim=-1) for _ in range(2))
    shares = model.rollout([first, second])
    assert abs(float(shares.sum()) - 1) < 1e-12 and shares.shape == (1, 4)
    a, b = ((one.mean(dim=1)[0] + torch.eye(5)) / 2 for one in (first, second))
    expected = (b @ a)[0, 1:]
    assert (shares[0] - expected / expected.sum()).abs().max() < 1e-12


def distances_are_those_of_known_maps(model: Any) -> None:
    """A head that looks at its own place looks 0 pixels far, one that looks 2 patches on, 2 P."""
    own = torch.eye(13)[None, None]
    on = own.clone()
    on[0, 0, 1:5, 1:5] = 0
    on[0, 0, [1, 2, 3, 4], [3, 4, 1, 2]] = 1  # the first row of a grid of 3 x 4
    both = model.attention_distance(torch.cat((own, on), dim=1), 4, 5)
    assert both[0] == 0 and abs(float(both[1]) - 4 * 2 * 5 / 12) < 1e-12, both


def sizes_have_the_patches_of_their_names(model: Any) -> None:
    """Of 224 x 224 pixels, patches of 16, 32 and 14 make 196, 49 and 256 tokens beside one."""
    for name, count in (("ViT-B/16", 196), ("ViT-B/32", 49), ("ViT-H/14", 256)):
        with torch.device("meta"):
            ours = model.ViT(model.replace(model.SIZES[name], layers=1))
            tokens = ours.embed(torch.empty(1, 3, 224, 224))
        assert tokens.shape[1] == 1 + count, (name, tokens.shape)


def loads_checkpoints(model: Any) -> None:
    """A random checkpoint that the library saved, in its own file or as weights, gives its scores.

    One that lacks a weight, or has one too many, is refused.
    """
    library = reference().float().eval()
    for weight in library.parameters():
        nn.init.normal_(weight, std=0.3)
    x = torch.randn(2, 3, SIDE, SIDE, dtype=torch.float32)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        library.save_pretrained(folder)
        entries = dict(model.read_checkpoint(folder))
        assert "vit.encoder.layer.0.attention.attention.query.weight" in entries
        torch.save(entries, folder / "whole.pt")
        for file in (folder, folder / "whole.pt"):
            ours = tiny(model).float()
            model.load(ours, file)
            apart = (ours(x) - library(x).logits).abs().max().item()
            assert apart < 1e-4, apart
        for wrong, said in (
            ({k: v for k, v in entries.items() if "cls_token" not in k}, "is missing"),
            ({**entries, "vit.another.weight": torch.zeros(1)}, "does not fit"),
        ):
            torch.save(wrong, folder / "whole.pt")
            try:
                model.load(tiny(model).float(), folder / "whole.pt")
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
    highest, draw, kind = 0, torch.randint, torch.get_default_dtype()

    def watch(high: int, *rest: Any, **named: Any) -> Tensor:
        nonlocal highest
        highest = high
        return draw(high, *rest, **named)

    torch.randint = watch  # type: ignore[assignment]
    torch.set_default_dtype(torch.float32)
    try:
        list(model.train(0, 2))
    finally:
        torch.randint = draw
        torch.set_default_dtype(kind)
    assert highest == 1797 - 297, highest


# --- small runs and figures ---------------------------------------------------------------------

STEPS = 240


def learn(model: Any, seed: int, steps: int) -> Iterator[tuple[int, float]]:
    """Learn the digits; yields the share of new ones that are recognised."""
    for step, _, share in model.train(seed, steps):
        yield step, share


def places(model: Any, seed: int, steps: int) -> Iterator[tuple[int, float]]:
    """Learn with positions and without; yields the difference of the two shares."""
    with_places, without = (model.train(seed, steps, positions) for positions in (True, False))
    for (step, _, share), (_, _, less) in zip(list(with_places), without, strict=True):
        yield step, share - less


@cache
def learnt(model: Any) -> Any:
    """Return the model that the figures show, after all steps with seed 0."""
    *_, (_, vit, _) = model.train(0, STEPS)
    return vit


def attention_figure(model: Any) -> Tensor:
    """Ten held-out digits, and below each what the class token took from its patches."""
    x, y = (part[-model.HELD_OUT :] for part in model.digits())
    x = x[[int((y == digit).nonzero()[0]) for digit in range(10)]]
    vit = learnt(model)
    with torch.no_grad():
        shares = model.rollout(model.attentions(vit, x)).unflatten(1, (4, 4))
    taken = (shares / shares.amax(dim=(1, 2), keepdim=True)).repeat_interleave(2, 1)
    return 1 - torch.stack((x[:, 0], taken.repeat_interleave(2, 2)))


def positions_figure(model: Any) -> Tensor:
    """For each of the 4 x 4 places, how alike the positions of all places are."""
    places = F.normalize(learnt(model).positions[0, 1:].detach(), dim=-1)
    return ((places @ places.T + 1) / 2).unflatten(0, (4, 4)).unflatten(2, (4, 4))


# --- the proof ----------------------------------------------------------------------------------

TABLE = ("Dosovitskiy et al. (2020), Table 1", "https://arxiv.org/abs/2010.11929")
BASE = (
    "86.57 million with the 1,000 scores and 85.80 without; the table names neither head nor patch"
)
LARGE = "the table names neither head nor patch: 304.3 million are counted for L/16, 306.5 for L/32"


def size(name: str, shape: tuple[int, ...], stated: Published | None = None) -> Size:
    """Return a size with 1,000 classes; its shape is N, d, h, f."""
    layers, width, heads, hidden = shape
    patch = int(name.rpartition("/")[2])
    return Size(
        name,
        lambda model: model.ViT(model.SIZES[name]),
        {
            "N": layers, "d": width, "f": hidden, "P": patch, "T": (224 // patch) ** 2, "K": 1000,
        },
        stated,
        reference=lambda: reference(
            layers=layers, width=width, heads=heads, hidden=hidden, patch=patch, side=224,
            classes=1000,
        ),
    )  # fmt: skip


def published(value: float, gap: str = "") -> Published:
    """Return a size of Table 1, which rounds to millions."""
    return Published(value, 1e6, *TABLE, gap)


MODEL, OTHER, MAPS = "model", "another size of picture", "attention maps"
LIBRARY = "transformers.ViTForImageClassification"
B, L, H = (12, 768, 12, 3072), (24, 1024, 16, 4096), (32, 1280, 16, 5120)

PROOF = Proof(
    code="vit.py",
    sizes=(
        size("ViT-B/16", B, published(86e6, BASE)),
        size("ViT-B/32", B),
        size("ViT-L/16", L, published(307e6, LARGE)),
        size("ViT-L/32", L),
        size("ViT-H/14", H, published(632e6)),
    ),
    ledger=(
        Row("Patches to tokens", r"patches\..*", "3 * P * P * d + d"),
        Row("Class token", r"token", "d"),
        Row("Positions", r"positions", "(T + 1) * d"),
        Row(
            "Queries, keys, values",
            r"blocks\.\d+\.attention\.(query|key|value)\..*",
            "N * 3 * (d * d + d)",
        ),
        Row("Attention output", r"blocks\.\d+\.attention\.output\..*", "N * (d * d + d)"),
        Row("Dense layers", r"blocks\.\d+\.(up|down)\..*", "N * (2 * d * f + f + d)"),
        Row("Norms", r"(blocks\.\d+\.norm\d|norm)\..*", "(2 * N + 1) * 2 * d"),
        Row("Scores", r"scores\..*", "d * K + K"),
    ),
    equalities=(
        Equality(MODEL, partial(whole, SIDE, SIDE), LIBRARY, "transformers"),
        Equality(
            OTHER,
            partial(whole, 16, 22),
            f"{LIBRARY} with interpolate_pos_encoding",
            "transformers",
        ),
        Equality(
            MAPS,
            maps,
            f"{LIBRARY} with eager attention and output_attentions",
            "transformers",
            limit=1e-6,
            why_limit="its eager attention takes the softmax in float32 whatever it is given",
        ),
    ),
    invariants=(
        a_patch_is_a_row_of_numbers,
        only_positions_know_places,
        positions_stretch_with_the_picture,
        weights_are_those_in_use,
        rollout_is_a_share_of_patches,
        distances_are_those_of_known_maps,
        sizes_have_the_patches_of_their_names,
        loads_checkpoints,
        data_are_read_and_parted,
    ),
    mutants=(
        Mutant("other activation", "F.gelu(", "F.relu(", (MODEL, OTHER, MAPS)),
        Mutant(
            "approximate activation",
            "F.gelu(self.up(self.norm2(x)))",
            'F.gelu(self.up(self.norm2(x)), approximate="tanh")',
            (MODEL,),
        ),
        Mutant(
            "attention not added",
            "x = x + self.attention(self.norm1(x))",
            "x = self.attention(self.norm1(x))",
        ),
        Mutant("dense layers not added", "return x + self.down", "return self.down"),
        Mutant(
            "norm after instead of before",
            "x = x + self.attention(self.norm1(x))",
            "x = self.norm1(x + self.attention(x))",
        ),
        Mutant("first norm twice", "self.norm2(x)", "self.norm1(x)", (MODEL,)),
        Mutant("last norm left out", "return self.norm(x)", "return x", (MODEL, OTHER)),
        Mutant(
            "other epsilon",
            "nn.LayerNorm(c.width, c.epsilon) for",
            "nn.LayerNorm(c.width) for",
        ),
        Mutant(
            "scale left out where it counts",
            "F.scaled_dot_product_attention(q, k, v)",
            "F.scaled_dot_product_attention(q, k, v, scale=1.0)",
            (MODEL, OTHER, "weights_are_those_in_use"),
        ),
        Mutant(
            "future hidden",
            "F.scaled_dot_product_attention(q, k, v)",
            "F.scaled_dot_product_attention(q, k, v, is_causal=True)",
            (MODEL, "weights_are_those_in_use", "only_positions_know_places"),
        ),
        Mutant(
            "scale left out where it is shown",
            " / q.shape[-1] ** 0.5",
            "",
            (MAPS, "weights_are_those_in_use"),
        ),
        Mutant(
            "shares of the wrong side",
            ".softmax(dim=-1)",
            ".softmax(dim=-2)",
            (MAPS, "weights_are_those_in_use"),
        ),
        Mutant(
            "heads interleaved",
            "x.unflatten(-1, (self.heads, -1)).transpose(1, 2)",
            "x.unflatten(-1, (-1, self.heads)).movedim(-1, 1)",
        ),
        Mutant(
            "positions left out",
            "return tokens + self.positions_for(*grid.shape[-2:])",
            "return tokens + 0 * self.positions_for(*grid.shape[-2:])",
            (MODEL, OTHER, "only_positions_know_places", "a_patch_is_a_row_of_numbers"),
        ),
        Mutant(
            "patches read column by column",
            "-1), grid.flatten(2).transpose(1, 2)), dim=1",
            "-1), grid.transpose(2, 3).flatten(2).transpose(1, 2)), dim=1",
            (MODEL, OTHER, "a_patch_is_a_row_of_numbers"),
        ),
        Mutant(
            "rows and columns exchanged",
            "self.positions_for(*grid.shape[-2:])",
            "self.positions_for(*grid.shape[:-3:-1])",
            (OTHER,),
        ),
        Mutant(
            "positions interpolated linearly",
            'mode="bicubic"',
            'mode="bilinear"',
            (OTHER,),
        ),
        Mutant("corners aligned", "align_corners=False", "align_corners=True", (OTHER,)),
        Mutant(
            "learnt grid on its side",
            ".unflatten(-1, learnt)",
            ".unflatten(-1, learnt).transpose(-2, -1)",
            (OTHER, "positions_stretch_with_the_picture"),
        ),
        Mutant(
            "scores from the first patch",
            "self.encode(x)[:, 0]",
            "self.encode(x)[:, 1]",
            (MODEL, OTHER),
        ),
        Mutant(
            "scores from the mean",
            "self.encode(x)[:, 0]",
            "self.encode(x).mean(dim=1)",
            (MODEL, OTHER),
        ),
        Mutant(
            "weights of states without norm",
            "block.attention.weights(block.norm1(x))",
            "block.attention.weights(x)",
            (MAPS,),
        ),
        Mutant(
            "rollout backwards",
            "/ 2 @ joined",
            "/ 2",
            ("rollout_is_a_share_of_patches",),
        ),
        Mutant(
            "rollout of one head",
            "(layer.mean(dim=1) +",
            "(layer[:, 0] +",
            ("rollout_is_a_share_of_patches",),
        ),
        Mutant(
            "distance with the class token for a place",
            "weights[:, :, 1:, 1:]",
            "weights[:, :, :-1, :-1]",
            ("distances_are_those_of_known_maps",),
        ),
        Mutant(
            "smaller patches than named",
            "hidden=5120, patch=14)",
            "hidden=5120, patch=16)",
            ("sizes_have_the_patches_of_their_names",),
        ),
        Mutant(
            "queries loaded as keys",
            '"attention.attention.query": "attention.query", '
            '"attention.attention.key": "attention.key"',
            '"attention.attention.query": "attention.key", '
            '"attention.attention.key": "attention.query"',
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
            "Digits from patches of 2 × 2",
            learn,
            "share of held-out digits recognised",
            steps=STEPS,
            reach=0.75,
            short=(100, 0.2),
        ),
        Run(
            "What positions are worth",
            places,
            "share recognised with positions, less the share without",
            steps=STEPS,
            reach=0.1,
            short=None,
        ),
    ),
    figures=(
        Figure("attention.png", attention_figure),
        Figure("positions.png", positions_figure),
    ),
    data=("../../Generative-AI/digits.txt",),
    speed=speed,
)

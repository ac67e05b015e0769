# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""BERT, the bidirectional encoder of Devlin et al. (2019), arXiv 1810.04805.

Letters in shapes: B sequences, T positions, d width, h heads, V vocabulary, K classes. Sections in
the comments are the paper's.

Run it: python bert.py    (it pre-trains on a toy language, then fine-tunes, in under a minute)
Public weights: python bert.py --weights model.safetensors --vocabulary vocab.txt "a [MASK] text."
"""

from __future__ import annotations

import argparse
import copy
import json
import re
import struct
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

# Where the released vocabularies have their special tokens.
PAD, UNKNOWN, CLS, SEP, MASK = 0, 100, 101, 102, 103
IGNORED = -100  # the label of a position that is not asked for; cross_entropy leaves it out


# region configurations
@dataclass(frozen=True)
class Config:
    """Sizes of a model; the defaults are BERT base (section 3)."""

    vocabulary: int = 30522  # of the released uncased models; the paper says 30,000
    layers: int = 12
    width: int = 768
    heads: int = 12
    positions: int = 512
    dropout: float = 0.1
    deviation: float = 0.02  # of the weights at the beginning


BASE = Config()
LARGE = Config(layers=24, width=1024, heads=16)
# endregion


# region layer
class Layer(nn.Module):
    """Self-attention in both directions, then feed-forward; each added, then normalised."""

    def __init__(self, c: Config) -> None:
        super().__init__()
        self.heads = c.heads
        self.query, self.key, self.value, self.out = (nn.Linear(c.width, c.width) for _ in range(4))
        self.up, self.down = nn.Linear(c.width, 4 * c.width), nn.Linear(4 * c.width, c.width)
        self.norm1, self.norm2 = (nn.LayerNorm(c.width, eps=1e-12) for _ in range(2))
        self.dropout = nn.Dropout(c.dropout)

    def attend(self, x: Tensor, seen: Tensor) -> Tensor:
        """Let each position of x (B, T, d) look at all that are seen (B, 1, 1, T)."""

        def split(y: Tensor) -> Tensor:  # (B, T, d) to (B, h, T, d / h)
            return y.unflatten(-1, (self.heads, -1)).transpose(1, 2)

        q, k, v = split(self.query(x)), split(self.key(x)), split(self.value(x))
        drop = self.dropout.p if self.training else 0.0
        mean = F.scaled_dot_product_attention(q, k, v, attn_mask=seen, dropout_p=drop)
        return self.out(mean.transpose(1, 2).flatten(-2))

    def forward(self, x: Tensor, seen: Tensor) -> Tensor:
        """Map (B, T, d) to (B, T, d)."""
        x = self.norm1(x + self.dropout(self.attend(x, seen)))
        return self.norm2(x + self.dropout(self.down(F.gelu(self.up(x)))))


# endregion


# region encoder
class Bert(nn.Module):
    """The encoder that all heads share."""

    def __init__(self, c: Config) -> None:
        super().__init__()
        self.token = nn.Embedding(c.vocabulary, c.width, padding_idx=PAD)
        self.position = nn.Embedding(c.positions, c.width)
        self.segment = nn.Embedding(2, c.width)
        self.norm, self.dropout = nn.LayerNorm(c.width, eps=1e-12), nn.Dropout(c.dropout)
        self.layers = nn.ModuleList(Layer(c) for _ in range(c.layers))

    def forward(self, tokens: Tensor, segments: Tensor) -> Tensor:
        """Map tokens (B, T) and their segments, 0 or 1, to one vector a position, (B, T, d)."""
        seen = (tokens != PAD)[:, None, None, :]
        x = self.token(tokens) + self.segment(segments) + self.position.weight[: tokens.shape[1]]
        x = self.dropout(self.norm(x))
        for layer in self.layers:
            x = layer(x, seen)
        return x


def initialise(model: nn.Module, deviation: float = 0.02) -> None:
    """Draw weights from a normal distribution; biases are 0."""
    for name, parameter in model.named_parameters():
        if name.endswith("bias"):
            nn.init.zeros_(parameter)
        elif parameter.dim() > 1:
            nn.init.normal_(parameter, std=deviation)


# endregion


# region pretraining
class PreTraining(nn.Module):
    """BERT with the two heads of pre-training (section 3.1)."""

    def __init__(self, c: Config) -> None:
        super().__init__()
        self.bert = Bert(c)
        self.pooler = nn.Linear(c.width, c.width)
        self.transform, self.norm = nn.Linear(c.width, c.width), nn.LayerNorm(c.width, eps=1e-12)
        self.bias = nn.Parameter(torch.zeros(c.vocabulary))
        self.follows = nn.Linear(c.width, 2)
        initialise(self, c.deviation)

    def forward(self, tokens: Tensor, segments: Tensor) -> tuple[Tensor, Tensor]:
        """Score the token at each position (B, T, V), and whether B follows A or not (B, 2)."""
        x = self.bert(tokens, segments)
        y = self.norm(F.gelu(self.transform(x)))
        fills = F.linear(y, self.bert.token.weight, self.bias)  # the embedding serves again
        return fills, self.follows(torch.tanh(self.pooler(x[:, 0])))


def pretraining_loss(fills: Tensor, follows: Tensor, wanted: Tensor, random: Tensor) -> Tensor:
    """Add both mean losses (appendix A.2).

    Args:
        fills: Scores of tokens, (B, T, V).
        follows: Scores of "B follows A" and "B is random", (B, 2).
        wanted: The tokens that were there, (B, T); IGNORED where none is asked for.
        random: 1 where B is random, else 0; (B,).
    """
    gaps = F.cross_entropy(fills.flatten(0, 1), wanted.flatten())
    return gaps + F.cross_entropy(follows, random)


# endregion


# region masking
def hide(tokens: Tensor, vocabulary: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Choose 15 % of the tokens; of these hide 80 %, exchange 10 %, leave 10 % (section 3.1).

    Returns:
        The input of the model and the tokens that it must predict, each (B, T); IGNORED elsewhere.
    """
    chance, fate = torch.rand(2, *tokens.shape, generator=generator)
    chosen = (chance < 0.15) & (tokens != PAD) & (tokens != CLS) & (tokens != SEP)
    other = torch.randint(vocabulary, tokens.shape, generator=generator)
    given = tokens.masked_fill(chosen & (fate < 0.8), MASK)
    given = torch.where(chosen & (fate >= 0.9), other, given)
    return given, tokens.masked_fill(~chosen, IGNORED)


# endregion


# region applications
class Classifier(nn.Module):
    """One of K classes for a sentence or a pair, from the vector at [CLS] (section 4.1)."""

    def __init__(self, bert: Bert, pooler: nn.Linear, classes: int, dropout: float = 0.1) -> None:
        super().__init__()
        self.bert, self.pooler = bert, pooler
        self.dropout, self.scores = nn.Dropout(dropout), nn.Linear(pooler.out_features, classes)
        initialise(self.scores)

    def forward(self, tokens: Tensor, segments: Tensor) -> Tensor:
        """Score the classes, (B, K)."""
        first = self.bert(tokens, segments)[:, 0]
        return self.scores(self.dropout(torch.tanh(self.pooler(first))))


class Answerer(nn.Module):
    """Where in the text an answer begins and ends (section 4.2)."""

    def __init__(self, bert: Bert) -> None:
        super().__init__()
        self.bert, self.ends = bert, nn.Linear(bert.token.embedding_dim, 2)
        initialise(self.ends)

    def forward(self, tokens: Tensor, segments: Tensor) -> tuple[Tensor, Tensor]:
        """Score each position as the first and as the last of the answer, (B, T) each."""
        begin, end = self.ends(self.bert(tokens, segments)).unbind(dim=-1)
        return begin, end

    @staticmethod
    def loss(begin: Tensor, end: Tensor, wanted: Tensor) -> Tensor:
        """Average both losses; wanted (B, 2) are the true positions."""
        return (F.cross_entropy(begin, wanted[:, 0]) + F.cross_entropy(end, wanted[:, 1])) / 2

    @staticmethod
    def best(begin: Tensor, end: Tensor) -> tuple[int, int]:
        """Return the span of the highest sum that does not end before it begins; scores (T,)."""
        sums = begin[:, None] + end[None, :]
        backwards = torch.ones_like(sums, dtype=torch.bool).tril(-1)
        return divmod(int(sums.masked_fill(backwards, -torch.inf).argmax()), len(end))


class Retriever(nn.Module):
    """Two encoders, whose vectors at [CLS] meet in a dot product (Karpukhin et al., 2020)."""

    def __init__(self, question: Bert, passage: Bert) -> None:
        super().__init__()
        self.question, self.passage = question, passage

    def forward(self, questions: Tensor, passages: Tensor) -> Tensor:
        """Score each passage (P, T) for each question (B, T); returns (B, P)."""
        asked = self.question(questions, torch.zeros_like(questions))[:, 0]
        kept = self.passage(passages, torch.zeros_like(passages))[:, 0]
        return asked @ kept.T

    @staticmethod
    def loss(scores: Tensor) -> Tensor:
        """Ask that passage i be chosen for question i; the others of the batch are wrong."""
        return F.cross_entropy(scores, torch.arange(len(scores)))


# endregion


# region weights
# Names in the reference library and here, replaced in this order; old files say gamma and beta.
NAMES = {
    "bert.embeddings.word_embeddings": "bert.token",
    "bert.embeddings.position_embeddings": "bert.position",
    "bert.embeddings.token_type_embeddings": "bert.segment",
    "bert.embeddings.LayerNorm": "bert.norm",
    "bert.encoder.layer.": "bert.layers.",
    "attention.self.": "",
    "attention.output.dense": "out",
    "attention.output.LayerNorm": "norm1",
    "intermediate.dense": "up",
    "output.dense": "down",
    "output.LayerNorm": "norm2",
    "bert.pooler.dense": "pooler",
    "cls.predictions.transform.dense": "transform",
    "cls.predictions.transform.LayerNorm": "norm",
    "cls.predictions.bias": "bias",
    "cls.seq_relationship": "follows",
    "gamma": "weight",
    "beta": "bias",
}


def read_safetensors(file: Path) -> dict[str, Tensor]:
    """Read a file of tensors: the length of a JSON header, the header, the numbers."""
    data = bytearray(file.read_bytes())
    start = 8 + struct.unpack("<Q", data[:8])[0]
    kinds = {"F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "I64": torch.int64}
    tensors = {}
    for name, entry in json.loads(data[8:start]).items():
        if name != "__metadata__":
            begin, end = (start + offset for offset in entry["data_offsets"])
            flat = torch.frombuffer(data[begin:end], dtype=kinds[entry["dtype"]])
            tensors[name] = flat.reshape(entry["shape"])
    return tensors


def load(file: Path) -> PreTraining:
    """Build a model of the size of a checkpoint and give it the checkpoint's weights."""
    weights: dict[str, Tensor] = {}
    for name, tensor in read_safetensors(file).items():
        for theirs, ours in NAMES.items():
            name = name.replace(theirs, ours)
        if "predictions.decoder" not in name and "position_ids" not in name:  # copies, constants
            weights[name] = tensor
    vocabulary, width = weights["bert.token.weight"].shape
    layers = sum(name.endswith("query.weight") for name in weights)
    positions = len(weights["bert.position.weight"])
    model = PreTraining(Config(vocabulary, layers, width, width // 64, positions))
    model.load_state_dict(weights)
    return model.eval()


# endregion


# region wordpiece
class WordPiece:
    """Cuts lower-cased text into the longest pieces that the vocabulary holds, from the left."""

    def __init__(self, pieces: Sequence[str]) -> None:
        self.number = {piece: i for i, piece in enumerate(pieces)}

    def __call__(self, text: str) -> list[int]:
        """Return the numbers of the pieces; ``[MASK]`` stands for itself."""
        words: list[str] = []
        for part in re.split(r"(\[MASK\])", text):
            words += [part] if part == "[MASK]" else self.words(part)
        return [number for word in words for number in self.cut(word)]

    @staticmethod
    def words(text: str) -> list[str]:
        """Lower-case, drop accents, and set punctuation apart."""
        kinds = [(c, unicodedata.category(c)) for c in unicodedata.normalize("NFD", text.lower())]
        apart = (f" {c} " if k[0] == "P" or c in "$+<=>^`|~" else c for c, k in kinds if k != "Mn")
        return "".join(apart).split()

    def cut(self, word: str) -> list[int]:
        """Cut one word; pieces within a word begin with ``##``."""
        found: list[int] = []
        start, mark = 0, ""
        while start < len(word):
            ends = (e for e in range(len(word), start, -1) if mark + word[start:e] in self.number)
            end = next(ends, None)
            if end is None:
                return [UNKNOWN]
            found.append(self.number[mark + word[start:end]])
            start, mark = end, "##"
        return found


# endregion


# region example
SUBJECTS = (  # what the toy language speaks of, and the words that belong there
    "boat wave sail anchor sailor reef",
    "cow barn farmer hen tractor seed",
    "oven spoon cook pan plate apple",
    "tower tram square taxi driver park",
)
NOUNS = [noun + s for subject in SUBJECTS for noun in subject.split() for s in ("", "s")]
VERBS = [verb + s for verb in ("see", "find", "need", "move") for s in ("s", "")]
WORDS = ["[MASK]", "near", *VERBS, *NOUNS]  # their numbers begin with that of [MASK]
NEAR, VERB, NOUN = MASK + 1, MASK + 2, MASK + 2 + len(VERBS)  # numbers of the first of each kind
SMALL = Config(
    NOUN + len(NOUNS), layers=2, width=64, heads=4, positions=13, dropout=0.0, deviation=0.1
)


def sentences(subjects: Tensor, generator: torch.Generator) -> Tensor:
    """Write a sentence on each subject (B,), such as "boats near reef see sailor"; (B, 5)."""
    first, near, last = torch.randint(12, (3, *subjects.shape), generator=generator)
    verb = 2 * torch.randint(4, subjects.shape, generator=generator) + first % 2  # they agree
    nouns = NOUN + 12 * subjects
    return torch.stack(
        (nouns + first, torch.full_like(verb, NEAR), nouns + near, VERB + verb, nouns + last), dim=1
    )


def pairs(number: int, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Return tokens and segments of pairs (B, 13), and 1 where B is on another subject (B,)."""
    random = torch.randint(2, (number,), generator=generator)
    subjects = torch.randint(4, (number,), generator=generator)
    others = (subjects + random * torch.randint(1, 4, (number,), generator=generator)) % 4
    begin, stop = torch.full((number, 1), CLS), torch.full((number, 1), SEP)
    first, second = sentences(subjects, generator), sentences(others, generator)
    segments = torch.tensor([0] * 7 + [1] * 6).expand(number, -1)
    return torch.cat((begin, first, stop, second, stop), dim=1), segments, random


def learning_rate(step: int, steps: int, peak: float) -> float:
    """Rise in a line over a tenth of the steps, then fall in a line to 0 (appendix A.2)."""
    warmup = max(1, steps // 10)
    return peak * min(step / warmup, (steps - step) / (steps - warmup))


def pretrain(seed: int, steps: int, every: int) -> Iterator[tuple[int, PreTraining, float]]:
    """Pre-train; yields step, model, and the mean surprise at hidden words of new text, in nats."""
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    model = PreTraining(SMALL)
    adam = torch.optim.AdamW(model.parameters(), weight_decay=0.01)
    new, segments_of_new, _ = pairs(500, torch.Generator().manual_seed(seed + 1000))
    given, wanted = hide(new, SMALL.vocabulary, torch.Generator().manual_seed(seed))
    for step in range(steps + 1):
        if step % every == 0 or step == steps:
            with torch.no_grad():
                fills, _ = model(given, segments_of_new)
            loss = F.cross_entropy(fills.flatten(0, 1), wanted.flatten())
            yield step, model, float(loss)
        tokens, segments, random = pairs(64, generator)
        hidden, labels = hide(tokens, SMALL.vocabulary, generator)
        adam.param_groups[0]["lr"] = learning_rate(step + 1, steps + 1, peak=3e-3)
        fills, follows = model(hidden, segments)
        pretraining_loss(fills, follows, labels, random).backward()
        adam.step()
        adam.zero_grad()


def fine_tune(pretrained: PreTraining, seed: int, labels: int = 8) -> float:
    """Learn the subject from a few labelled sentences; return the share right of 400 new ones."""
    model = Classifier(*copy.deepcopy((pretrained.bert, pretrained.pooler)), classes=4, dropout=0.0)
    adam = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.01)
    subjects = torch.arange(labels + 400) % 4
    written = sentences(subjects, torch.Generator().manual_seed(seed + 2000))
    tokens = F.pad(F.pad(written, (1, 0), value=CLS), (0, 1), value=SEP)
    segments = torch.zeros_like(tokens)
    for _ in range(30):
        scores = model(tokens[:labels], segments[:labels])
        F.cross_entropy(scores, subjects[:labels]).backward()
        adam.step()
        adam.zero_grad()
    with torch.no_grad():
        right = model(tokens[labels:], segments[labels:]).argmax(dim=-1) == subjects[labels:]
    return float(right.float().mean())


@torch.no_grad()
def best_fills(model: PreTraining, tokens: Sequence[int], number: int) -> list[list[int]]:
    """Return for each [MASK] the tokens that fit best, the best first."""
    given = torch.tensor([tokens])
    fills, _ = model(given, torch.zeros_like(given))
    return fills[given == MASK].topk(number).indices.tolist()


def main() -> None:
    """Fill gaps with public weights, or show pre-training and fine-tuning in small."""
    options = argparse.ArgumentParser(description=main.__doc__)
    options.add_argument("--weights", type=Path, help="model.safetensors of an uncased BERT")
    options.add_argument("--vocabulary", type=Path, help="its vocab.txt")
    options.add_argument("text", nargs="?", default="the capital of france is [MASK].")
    given = options.parse_args()
    if bool(given.weights) != bool(given.vocabulary):
        options.error("give both --weights and --vocabulary, or neither")
    if given.weights:
        pieces = given.vocabulary.read_text(encoding="utf-8").split("\n")
        tokens = [CLS, *WordPiece(pieces)(given.text), SEP]
        for fills in best_fills(load(given.weights), tokens, 5):
            print(" ".join(pieces[fill] for fill in fills))
        return
    for name, config in (("base", BASE), ("large", LARGE)):
        with torch.device("meta"):
            total = sum(p.numel() for p in PreTraining(config).parameters())
        print(f"{name:5}  {total:,} parameters")
    for step, model, surprise in pretrain(seed=0, steps=200, every=50):
        share = fine_tune(model, seed=0)
        print(f"step {step:3}  surprise {surprise:.2f} nats, fine-tuned {share:6.1%} right")
    words = "boats near reef [MASK] sailor"
    tokens = [CLS, *(MASK + WORDS.index(word) for word in words.split()), SEP]
    print(words, "->", *(WORDS[i - MASK] for i in best_fills(model, tokens, 4)[0]))


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
# endregion

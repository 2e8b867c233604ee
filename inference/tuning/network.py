"""An encoder with a layer on top that gives each word of a text its tag.

As Devlin et al. (2019) tag: the first piece of a word stands for it. Beside it stand the word's
shapes, since the encoder may know no case. Word embeddings stay as they are: few texts hold few
words, and moving those alone would tear them from the others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from inference.choices.regression import Floats
from inference.encoders.bert_words import pieces_of, pieces_per_word
from inference.encoders.reading import Reading, States, Window, merged, windows
from inference.spans.words import SHAPES, shapes, word_places

ROOM = 254
"""Tokens of one window, beside the special ones: attention costs their square."""
SHAPE_WEIGHT = 0.5
SPECIAL = 2
ROUND_TO = 8


class Piece(NamedTuple):
    """A window of a text as the network reads it.

    `ids`: its tokens. `first` (w,): the token that stands for each word. `readable` (w,): whether
    there is one. `shapes` (w, 25).
    """

    ids: list[int]
    first: NDArray[np.intp]
    readable: NDArray[np.bool_]
    shapes: NDArray[np.uint8]


@dataclass(slots=True)
class Network:
    """`encoder` is a transformers model, `top` the layer from (hidden + 25) to tags."""

    encoder: Any
    tokenizer: Any
    top: Any
    room: int

    @classmethod
    def load(cls, folder: Path, *, tags: int, seed: int) -> Network:
        """The encoder in `folder` under a fresh layer. Raises OSError where there is none."""
        import torch
        from transformers import AutoModel, AutoTokenizer

        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True).backend_tokenizer
        tokenizer.no_padding()
        tokenizer.no_truncation()
        encoder = AutoModel.from_pretrained(
            folder, local_files_only=True, use_safetensors=True, dtype=torch.float32
        )
        if getattr(encoder, "pooler", None) is not None:
            encoder.pooler = None  # it looks at whole texts
        encoder.get_input_embeddings().requires_grad_(False)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            top = torch.nn.Linear(int(encoder.config.hidden_size) + len(SHAPES), tags)
        most = int(getattr(encoder.config, "max_position_embeddings", ROOM + 2 * SPECIAL))
        return cls(encoder.eval(), tokenizer, top, min(ROOM, most - 2 * SPECIAL))

    def windows(self, text: str) -> list[Window]:
        places = word_places(text)
        offsets = self.tokenizer.encode(text, add_special_tokens=False).offsets
        return list(windows(places, pieces_per_word(offsets, places), room=self.room))

    def piece(self, text: str) -> Piece:
        """A text, or a window of one, that is short enough to be read at once."""
        places = word_places(text)
        encoding = self.tokenizer.encode(text)
        longest = self.room + SPECIAL
        touched = pieces_of(encoding.offsets, places)[:, :longest]
        return Piece(
            encoding.ids[:longest],
            touched.argmax(axis=1) if len(places) else np.zeros(0, dtype=np.intp),
            np.asarray(touched.any(axis=1)),
            shapes(text, places),
        )

    def logits(self, batch: Sequence[Piece]) -> Any:
        """(words of all pieces, tags)."""
        import torch

        longest = -(-max(len(one.ids) for one in batch) // ROUND_TO) * ROUND_TO
        ids = np.zeros((len(batch), longest), dtype=np.int64)
        mask = np.zeros_like(ids)
        for row, one in enumerate(batch):
            ids[row, : len(one.ids)] = one.ids
            mask[row, : len(one.ids)] = 1
        output = self.encoder(
            input_ids=torch.from_numpy(ids), attention_mask=torch.from_numpy(mask)
        )
        places = np.concatenate([row * longest + one.first for row, one in enumerate(batch)])
        looks = np.vstack([one.shapes for one in batch]).astype(np.float32) * SHAPE_WEIGHT
        hidden = output.last_hidden_state.flatten(0, 1)[torch.from_numpy(places)].float()
        return self.top(torch.cat([hidden, torch.from_numpy(looks)], dim=1))

    def probabilities(self, batch: Sequence[Piece]) -> list[Floats]:
        """(w, tags) of each piece; outside, for certain, for words that have no token."""
        import torch

        with torch.inference_mode():
            shares: Floats = self.logits(batch).softmax(dim=1).numpy()
        shares[~np.concatenate([one.readable for one in batch])] = np.eye(
            1, shares.shape[1], dtype=np.float32
        )
        cuts = np.cumsum([len(one.first) for one in batch])[:-1]
        return list(np.split(shares, cuts))

    def read(self, text: str) -> States:
        """(w, tags) of a text of any length, window by window."""
        planned = self.windows(text)
        parts = [self.piece(text[one.start : one.end]) for one in planned]
        readings = [Reading(None, self.probabilities([one])[0].astype(np.float16)) for one in parts]
        words = planned[-1].last if planned else 0
        return merged(zip(planned, readings, strict=True), words, self.top.out_features)

    def trained(self) -> list[Any]:
        """The parameters that training moves."""
        moved = [one for one in self.encoder.parameters() if one.requires_grad]
        return [*moved, *self.top.parameters()]

    def tensors(self) -> dict[str, NDArray[Any]]:
        """What training has moved, halved in size: the rest lies in the encoder's folder."""
        named = {f"encoder.{name}": of for name, of in self.encoder.named_parameters()}
        named |= {f"top.{name}": of for name, of in self.top.named_parameters()}
        return {
            name: of.detach().numpy().astype(np.float16)
            for name, of in named.items()
            if of.requires_grad
        }

    def take(self, tensors: Mapping[str, NDArray[Any]]) -> None:
        """Put stored tensors in their places. Raises KeyError or ValueError if they do not fit."""
        import torch

        places = {f"encoder.{name}": of for name, of in self.encoder.named_parameters()}
        places |= {f"top.{name}": of for name, of in self.top.named_parameters()}
        for name, of in places.items():
            if not of.requires_grad:
                continue
            if tensors[name].shape != tuple(of.shape):
                raise ValueError(f"{name} is {tensors[name].shape}, not {tuple(of.shape)}.")
            of.data.copy_(torch.from_numpy(tensors[name].astype(np.float32)))

"""An encoder of the BERT family on the CPU: normalised vectors from a Hugging Face folder."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from inference.choices.heads import Floats, unit
from inference.encoders import bert_model
from inference.encoders import folder as encoder_folder
from inference.encoders.bert_words import layers_of, pieces_of, pieces_per_word, word_states
from inference.encoders.folder import Pooling, packaged_folder, weights_sha256
from inference.encoders.prefixed import Prefixed
from inference.encoders.reading import Reading, Window, windows
from inference.engine import EngineError
from inference.spans.words import word_places

if TYPE_CHECKING:
    import torch

logger = logging.getLogger(__name__)

PACKAGED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
MAX_TOKENS = 512
"""At most, also of an encoder that could read more: attention costs the square."""
ROUND_TO = 8  # lengths in steps: every new shape costs the kernels a compilation


class BertEngine:
    """Encodes with the model that `encoder` is, a folder or a name on the Hugging Face hub; with
    none, the MiniLM that a package carries.

    `pooling`, `prefix`: see `encoder_folder`; empty, as the folder says. `threads`: how many
    torch may use; 0 leaves a core to everything else, because torch's threads wait for each
    other, and badly so where they do not all get a core. Raises EngineError.
    """

    def __init__(
        self, encoder: str = "", *, pooling: str = "", prefix: str = "", threads: int = 0
    ) -> None:
        self.folder = encoder_folder.find(encoder) if encoder else packaged_folder()
        self.title = encoder_folder.title_of(encoder) if encoder else "MiniLM"
        self._pinned = "" if encoder else PACKAGED_SHA256
        self._wanted = (pooling, prefix)
        self._threads = threads or max(1, (os.cpu_count() or 1) - 1)
        self.name = ""
        self.dims = self.word_dims = 0
        self._model: Any = None
        self._tokenizer: Any = None
        self._pooling: Pooling = "mean"
        self._longest = MAX_TOKENS
        self._layers: tuple[int, ...] = ()
        self._told_of_nan = False

    def start(self) -> None:
        sha256 = weights_sha256(self.folder)
        if self._pinned and sha256 != self._pinned:
            raise EngineError(f"The weights in {self.folder} are not the ones this version pins.")
        pooling, prefix = self._wanted
        self._pooling = encoder_folder.pooling_of(self.folder, pooling)
        prefix = encoder_folder.prefix_of(self.folder, prefix)
        import torch

        torch.set_num_threads(self._threads)
        tokenizer = bert_model.load_tokenizer(self.folder)
        self._model = bert_model.load(self.folder, len(tokenizer), _fastest_type())
        self._longest = min(MAX_TOKENS, bert_model.positions(self._model))
        self._tokenizer = Prefixed(tokenizer, prefix, longest=self._longest)
        self.dims = int(self._model.config.hidden_size)
        self._layers = layers_of(int(self._model.config.num_hidden_layers))
        self.word_dims = self.dims * len(self._layers)
        self.name = _name(self.title, sha256, self._pooling, prefix)

    def stop(self) -> None:
        self._model = self._tokenizer = None

    def warm_up(self) -> None:
        self.encode(["A short text to load every kernel before the first person waits for it."])

    def token_lengths(self, texts: Sequence[str]) -> list[int]:
        return [len(ids) for ids in self._tokenizer.ids(texts)]

    def encode(self, texts: Sequence[str]) -> Floats:
        import torch

        ids = self._tokenizer.ids(texts)
        padded, mask = self._padded(ids)
        with torch.inference_mode():
            hidden = self._model(input_ids=padded, attention_mask=mask).last_hidden_state
            rows = self._pooled(hidden, mask)
        for row, pieces in enumerate(ids):
            if not self._tokenizer.can_read(pieces):
                rows[row] = 0
        return rows

    def windows(self, text: str) -> list[Window]:
        places = word_places(text)
        costs = pieces_per_word(self._tokenizer.offsets(text), places)
        return list(windows(places, costs, room=self._tokenizer.room))

    def read(self, texts: Sequence[str]) -> list[Reading]:
        import torch

        encodings = self._tokenizer.encodings(texts)
        padded, mask = self._padded([encoding.ids for encoding in encodings])
        with torch.inference_mode():
            output = self._model(input_ids=padded, attention_mask=mask, output_hidden_states=True)
            vectors = self._pooled(output.last_hidden_state, mask)
            joined = torch.stack([output.hidden_states[layer] for layer in self._layers])
            layers = np.nan_to_num(joined.float().numpy(), copy=False, posinf=0, neginf=0)
        return [
            self._reading(text, encoding, vectors[row], layers[:, row])
            for row, (text, encoding) in enumerate(zip(texts, encodings, strict=True))
        ]

    def _reading(self, text: str, encoding: Any, vector: Floats, layers: Floats) -> Reading:
        """`vector` (d,) and the states `layers` (l, t, d), padding included, of one text."""
        places = word_places(text)
        if not self._tokenizer.can_read(encoding.ids):
            zeros = np.zeros((len(places), self.word_dims), dtype=np.float16)
            return Reading(np.zeros_like(vector), zeros)
        touched = pieces_of(self._tokenizer.shifted(encoding), places)
        unknown = np.array([piece == self._tokenizer.unknown for piece in encoding.ids], dtype=bool)
        return Reading(vector, word_states(layers[:, : len(encoding)], touched, unknown))

    def _padded(self, ids: list[list[int]]) -> tuple[torch.Tensor, torch.Tensor]:
        return _padded(ids, pad=self._tokenizer.pad, most=self._longest)

    def _pooled(self, hidden: torch.Tensor, mask: torch.Tensor) -> Floats:
        """(n, t, d) states to (n, d) rows of length one; zeros where they are no numbers."""
        pooled = hidden[:, 0].float() if self._pooling == "cls" else _mean(hidden, mask)
        rows: Floats = pooled.numpy()
        odd = ~np.isfinite(rows).all(axis=1)
        if odd.any():
            rows[odd] = 0
            if not self._told_of_nan:
                self._told_of_nan = True
                logger.error("encoder_gave_no_numbers", extra={"engine": self.name})
        return unit(rows)


def _name(title: str, sha256: str, pooling: Pooling, prefix: str) -> str:
    """Names all that vectors depend on; of at most 100 characters."""
    parts = [title.lower(), sha256[:8]]
    if pooling != "mean":
        parts.append(pooling)
    if prefix:
        parts.append(hashlib.sha256(prefix.encode()).hexdigest()[:6])
    return "-".join(parts)


def _fastest_type() -> torch.dtype:
    """bfloat16 where AMX computes it; emulated elsewhere, it is slower than float32."""
    import torch

    has_amx = torch.cpu._is_amx_tile_supported()  # noqa: SLF001 - there is no public question
    return torch.bfloat16 if has_amx else torch.float32


def _padded(
    ids: list[list[int]], *, pad: int = 0, most: int = MAX_TOKENS
) -> tuple[torch.Tensor, torch.Tensor]:
    """(n, longest) token ids and their mask, the length rounded up."""
    import torch

    longest = -(-max(map(len, ids)) // ROUND_TO) * ROUND_TO
    padded = np.full((len(ids), min(longest, most)), pad, dtype=np.int64)
    mask = np.zeros_like(padded)
    for row, pieces in enumerate(ids):
        padded[row, : len(pieces)] = pieces
        mask[row, : len(pieces)] = 1
    return torch.from_numpy(padded), torch.from_numpy(mask)


def _mean(hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """(n, t, d) states to the (n, d) mean of what is no padding."""
    weights = mask.unsqueeze(-1).float()
    return (hidden.float() * weights).sum(dim=1) / weights.sum(dim=1)

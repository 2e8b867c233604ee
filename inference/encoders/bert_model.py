"""Loading a model and its tokenizer from a folder, and saying what is wrong with it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from inference.engine import EngineError

if TYPE_CHECKING:
    import torch

UNUSED = ("pooler", "position_ids")
"""Parts that encoding does without: a checkpoint may lack them."""


def load_tokenizer(folder: Path) -> Any:
    """The transformers tokenizer, with its fast backend. Raises EngineError."""
    from transformers import AutoTokenizer

    if not (folder / "config.json").is_file():
        raise EngineError(f"{folder} holds no encoder: it has no config.json.")
    try:
        tokenizer = AutoTokenizer.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False
        )
    except Exception as error:  # transformers lets through whatever its parsers raise
        raise _damaged(folder, "The tokenizer", error) from error
    if not tokenizer.is_fast:
        raise EngineError(
            f"{folder} has no tokenizer.json. Load its tokenizer once with transformers and save "
            "it again with save_pretrained()."
        )
    return tokenizer


def load(folder: Path, vocabulary: int, dtype: torch.dtype) -> Any:
    """The encoder, ready to run. `vocabulary`: how many tokens its tokenizer has. Raises
    EngineError when there is none, it is damaged, or it is no encoder.
    """
    from transformers import AutoConfig, AutoModel
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # no place for it in a log
    try:
        config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        _check_family(folder, config)
        model, found = AutoModel.from_pretrained(
            folder,
            config=config,
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
            output_loading_info=True,
            dtype=dtype,
        )
    except EngineError:
        raise
    except Exception as error:
        raise _damaged(folder, "The model", error) from error
    lacking = [key for key in found["missing_keys"] if not any(part in key for part in UNUSED)]
    if lacking or found["mismatched_keys"]:
        raise EngineError(f"The weights in {folder} do not fit its config.json: {lacking[:3]}.")
    if model.get_input_embeddings().num_embeddings < vocabulary:
        raise EngineError(f"The tokenizer in {folder} has more tokens than its model.")
    return model.eval()


def _check_family(folder: Path, config: Any) -> None:
    from transformers.models.auto.modeling_auto import MODEL_FOR_MASKED_LM_MAPPING_NAMES

    kind = config.model_type
    two_way = kind in MODEL_FOR_MASKED_LM_MAPPING_NAMES and not config.is_encoder_decoder
    if not two_way or getattr(config, "is_decoder", False):
        raise EngineError(
            f"{folder} holds a model of type {kind}, which is no encoder. Take one of the BERT "
            "family: BERT, RoBERTa, XLM-R, DistilBERT, MPNet, ModernBERT and their like."
        )


def positions(model: Any) -> int:
    """How many tokens a model has places for; of RoBERTa and its like, less the two unused."""
    table = getattr(getattr(model, "embeddings", None), "position_embeddings", None)
    if table is None or not hasattr(table, "num_embeddings"):
        return int(getattr(model.config, "max_position_embeddings", 512))
    unused = 0 if table.padding_idx is None else table.padding_idx + 1
    return int(table.num_embeddings - unused)


def _damaged(folder: Path, what: str, error: Exception) -> EngineError:
    reason = str(error).strip().partition("\n")[0][:200]
    return EngineError(f"{what} in {folder} cannot be loaded: {reason or type(error).__name__}.")

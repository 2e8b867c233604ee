"""Words as arrays of numbers, so that heads are stored without anything being pickled."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Tensors = Mapping[str, NDArray[Any]]


def packed(words: Iterable[str]) -> dict[str, NDArray[Any]]:
    """`letters`: the words in UTF-8 one after the other; `ends`: where each of them ends."""
    encoded = [word.encode("utf-8", "surrogatepass") for word in words]
    return {
        "letters": np.frombuffer(b"".join(encoded), dtype=np.uint8),
        "ends": np.cumsum([len(word) for word in encoded], dtype=np.int64),
    }


def unpacked(tensors: Tensors) -> list[str]:
    """The words that were packed. Raises ValueError where bytes or ends are no words."""
    letters, ends = tensors["letters"].tobytes(), tensors["ends"].tolist()
    return [
        letters[start:end].decode("utf-8", "surrogatepass")
        for start, end in zip([0, *ends][:-1], ends, strict=True)
    ]


def under(name: str, tensors: Tensors) -> dict[str, NDArray[Any]]:
    """The same under `name.`, to stand beside others in one dictionary."""
    return {f"{name}.{key}": values for key, values in tensors.items()}


def part(name: str, tensors: Tensors) -> dict[str, NDArray[Any]]:
    """What stands under `name.`; empty if nothing does."""
    begin = f"{name}."
    return {
        key.removeprefix(begin): values for key, values in tensors.items() if key.startswith(begin)
    }

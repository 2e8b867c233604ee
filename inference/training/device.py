"""What torch computes on here, and how precisely."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from django.conf import settings


def device() -> Any:
    """The GPU where there is one. On a CPU a core is left to everything else."""
    import torch

    if torch.cuda.is_available():
        return torch.device("cuda")
    torch.set_num_threads(settings.TORCH_THREADS or max(1, (os.cpu_count() or 1) - 1))
    return torch.device("cpu")


def precision(wanted: str = "auto") -> str:
    """Say "bf16" or "fp32". By itself the first only where hardware computes it: emulated, it is
    the slower one.
    """
    import torch

    if wanted != "auto":
        return wanted
    if torch.cuda.is_available():
        return "bf16" if torch.cuda.is_bf16_supported() else "fp32"
    cpu = torch.cpu
    has = cpu._is_amx_tile_supported() or cpu._is_avx512_bf16_supported()  # noqa: SLF001 - no other
    return "bf16" if has else "fp32"


def computing(where: Any, kind: str) -> AbstractContextManager[Any]:
    """Around a pass forward: what can be bf16 is, sums and norms stay float32."""
    import torch

    if kind == "fp32":
        return nullcontext()
    return torch.autocast(where.type, dtype=torch.bfloat16)

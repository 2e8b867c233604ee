from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from django.core.management.base import OutputWrapper

SECONDS = 1.0


class ProgressLine:
    """Says on a terminal how far work is: one line, written over about once a second.

    Where there is no terminal, nothing is said until the work is done.
    """

    def __init__(self, out: OutputWrapper) -> None:
        self.out = out
        self.on = out.isatty()
        self.written = float("-inf")

    def tell(self, done: int, total: int | None = None, message: str = "") -> None:
        if self.on and time.monotonic() - self.written >= SECONDS:
            self.written = time.monotonic()
            figures = f"{done:,}" if total is None else f"{done:,} of {total:,}"
            self.out.write(f"\r\x1b[K{message}: {figures}", ending="")
            self.out.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.on:
            self.out.write("\r\x1b[K", ending="")
            self.out.flush()

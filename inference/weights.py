"""Heads as bytes and back: safetensors, so that nothing is ever executed by reading them."""

from __future__ import annotations

import safetensors.numpy as files

from inference.choices.heads import Head
from inference.spans.heads import SpanHead
from projects.models import QuestionKind


def packed(head: Head | SpanHead) -> bytes:
    data: bytes = files.save(head.tensors())
    return data


def unpacked(kind: str, data: bytes) -> Head | SpanHead:
    """The head of a question of this kind. Raises one error or another for damaged bytes."""
    tensors = files.load(data)
    if kind == QuestionKind.SPAN:
        return SpanHead.from_tensors(tensors)
    return Head.from_tensors(tensors)

"""Encoding a whole project ahead of the people who will open its documents."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from django.conf import settings
from django.db import transaction

from inference import vectors
from inference.engine import Serving
from inference.learning import teaching_texts
from inference.spans import word_memory
from inference.spans.words import Words
from projects.jobs import JobRun, enqueue
from projects.models import Document, Job, Project

KIND = "encode"
CHUNK = 64


def encode_later(project: Project) -> Job | None:
    """Have a worker encode what has come in; None when a job was made for that before."""
    newest = project.documents.published().order_by("-pk").values_list("pk", flat=True).first()
    reads = [settings.ENGINE, settings.ENCODER, settings.ENCODER_POOLING, settings.ENCODER_PREFIX]
    params = {"newest": newest, "reads": reads}
    if newest is None or settings.ENGINE == "off":
        return None
    if project.jobs.filter(kind=KIND, params=params).exists():
        return None
    return enqueue(project=project, kind=KIND, params=params)


def encode_project(run: JobRun, project: Project, serving: Serving) -> dict[str, object]:
    """Encode what has no vector yet, in chunks, resuming after the last one."""
    encoder = serving.engine.name
    documents = project.documents.published().order_by("pk")
    teaching = teaching_texts(project)
    total, through = documents.count(), int(run.checkpoint.get("through", 0))
    done = documents.filter(pk__lte=through).count()
    while chunk := list(documents.filter(pk__gt=through)[:CHUNK]):
        run.raise_if_cancelled()
        texts = {document.text_hash: _text(document, project) for document in chunk}
        missing = _missing(texts, encoder)
        fresh = serving.batcher.encode_all(list(missing.values()))
        words = _taught_words(chunk, teaching, project, serving)
        through, done = chunk[-1].pk, done + len(chunk)
        with transaction.atomic():
            vectors.keep(encoder, dict(zip(missing, fresh, strict=True)))
            word_memory.keep(project, encoder, words)
            run.save_checkpoint({"through": through})
        run.progress(done, total, "Reading documents with the model")
        run.give_way()
    return {"documents": done, "encoder": encoder}


def _taught_words(
    chunk: Sequence[Document], teaching: Collection[str], project: Project, serving: Serving
) -> dict[str, Words]:
    """By text hash, the words of documents that came with answers, to be learned from."""
    texts = {text for document in chunk for text in document.texts.values()} & set(teaching)
    missing = sorted(texts - word_memory.known(project, serving.engine.name, texts).keys())
    readings = serving.batcher.read_all(missing)
    return {
        vectors.text_hash(text): word_memory.remember(serving.engine.name, text, reading.states)
        for text, reading in zip(missing, readings, strict=True)
    }


def _missing(texts: dict[str, str], encoder: str) -> dict[str, str]:
    known = vectors.cached(encoder, texts.keys())
    return {key: text for key, text in texts.items() if key not in known}


def _text(document: Document, project: Project) -> str:
    document.project = project
    return document.model_text

"""The model of a run: the one that suggested when it began, and never a newer one."""

from __future__ import annotations

from collections.abc import Sequence

from inference.autolabel.scoring import certainty
from inference.autolabel.selection import NEVER
from inference.engine import serving
from inference.evaluating.predictions import recorded, unasked_of
from inference.live import LiveHead
from inference.live_predictor import LivePredictor
from inference.models import AutoLabelDocument, AutoLabelRun
from inference.predicting import CannotPredict, Items, Predictor, predictor_of
from inference.remote.failures import without_answer
from inference.stamps import Stamp
from inference.weights import packed, unpacked
from projects.models import Document


def freeze(run: AutoLabelRun) -> None:
    """Keep what it takes to ask the same model again. A fixed version is so already; of a live
    head the weights are stored. Does nothing the second time. Raises CannotPredict.
    """
    version = run.model_version
    if run.version:
        return
    if version.is_live:
        head = LivePredictor.of(version).head
        run.weights = packed(head.head)
        run.figures = {**run.figures, "labels": head.labels, "stamp": head.stamp._asdict()}
        run.version = head.version
    else:
        run.version = version.version
    run.save(update_fields=["weights", "figures", "version"])


def predictor(run: AutoLabelRun) -> Predictor:
    """The frozen model. Raises CannotPredict."""
    version = run.model_version
    if not version.is_live:
        return predictor_of(version)
    engine = serving()
    engine.started.result()
    stamp = Stamp(**run.figures["stamp"])
    if engine.engine.name != stamp.encoder:
        raise CannotPredict(
            f"The run began with the encoder {stamp.encoder}, and now there is another. Stop this "
            "run and start a new one."
        )
    head = LiveHead(
        run.question_id,
        tuple(run.figures["labels"]),
        unpacked(run.question.kind, bytes(run.weights)),
        version.pk,
        version.name,
        run.version,
        stamp,
    )
    return LivePredictor(head, engine)


def scored(
    run: AutoLabelRun, model: Predictor, documents: Sequence[Document]
) -> list[AutoLabelDocument]:
    """Rows, not saved yet. What a fixed version has said before is not asked again;
    where a remote one gave no usable answer there is none that it could be sure of.
    """
    version = run.model_version
    missing = documents if version.is_live else unasked_of(version, documents)
    answers = model.predict(missing) if missing else []
    fresh = {one.pk: items for one, items in zip(missing, answers, strict=True)}
    known = {} if version.is_live else recorded(version, documents)
    said: dict[int, Items] = {pk: list(items) for pk, items in known.items()} | fresh
    unheard = without_answer(version, documents)
    return [
        AutoLabelDocument(
            run=run,
            document=document,
            items=said[document.pk],
            score=NEVER if document.pk in unheard else certainty(run.question, said[document.pk]),
        )
        for document in documents
    ]

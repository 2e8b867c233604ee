"""The model of a run: the one that suggested when it began, and never a newer one."""

from __future__ import annotations

from collections.abc import Sequence

from inference.autolabel.scoring import certainty
from inference.engine import serving
from inference.evaluating.predictions import recorded
from inference.live import LiveHead
from inference.live_predictor import LivePredictor
from inference.models import AutoLabelDocument, AutoLabelRun
from inference.predicting import CannotPredict, Items, Predictor, predictor_of
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
    """Rows, not saved yet. What a fixed version has said before is not asked again."""
    known = {} if run.model_version.is_live else recorded(run.model_version, documents)
    missing = [document for document in documents if document.pk not in known]
    fresh = zip(missing, model.predict(missing), strict=True) if missing else ()
    said: dict[int, Items] = {pk: list(items) for pk, items in known.items()}
    said |= {document.pk: items for document, items in fresh}
    return [
        AutoLabelDocument(
            run=run,
            document=document,
            items=said[document.pk],
            score=certainty(run.question, said[document.pk]),
        )
        for document in documents
    ]

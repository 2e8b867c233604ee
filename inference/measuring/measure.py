"""The job that measures what is suggested, question by question, on answers that nobody was led to.

Where a version is promoted that is what people see: it alone, or with the live head beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Max, QuerySet
from django.utils import timezone

from inference import live, vectors
from inference.choices.heads import Floats
from inference.effect.page import effect_figures
from inference.engine import Serving
from inference.live import LiveHead
from inference.measuring.confusion import confusion, span_errors
from inference.measuring.curve import learning_curve, track
from inference.measuring.intervals import Estimate
from inference.measuring.outcomes import Outcome
from inference.measuring.reliability import reliability
from inference.measuring.reserve import Drawn, blind_test_documents, drawn_reserve
from inference.measuring.scores import largest_class, measured
from inference.measuring.shares import class_shares
from inference.measuring.stop import gain
from inference.models import Measurement, ModelVersion
from inference.opening import Needs, Opened, heard, needs_of, recorded_of
from inference.predictions.job import last_asked
from inference.promoted.readers import said_of_all
from inference.spans import word_memory
from inference.spans.words import Words
from inference.suggesting import suggest
from labeling.chosen import questions_of
from labeling.models import Annotation
from labeling.resolved import Picks
from projects.jobs import JobRun, enqueue
from projects.models import Document, Job, Label, Project, Question, QuestionKind

KIND = "measure"
EVERY = timedelta(seconds=30)
KEPT = 100
"""Measurements of each version; older ones go."""
READ_AT_ONCE = 32

Tested = tuple[Sequence[Document], Mapping[int, Mapping[int, Picks]]]
"""Documents, and the resolved answers by document and question."""


def measure_later(project: Project) -> Job | None:
    """Have a worker measure, if anything happened since it last did; at most twice a minute."""
    if settings.ENGINE == "off" or project.archived_at:
        return None
    asked = project.jobs.filter(kind=KIND)
    if asked.unfinished().exists() or asked.filter(created_at__gt=timezone.now() - EVERY).exists():
        return None
    # The others are of versions that only compete.
    mine = Measurement.objects.filter(question__project=project, figures__has_key="effect")
    newest = mine.order_by("-created_at").first()
    if newest is not None and what_counts(project).items() <= newest.figures.items():
        return None
    return enqueue(project=project, kind=KIND, params={})


def measuring(project: Project) -> Job | None:
    """The last job that measures what suggests."""
    return project.jobs.filter(kind=KIND).order_by("-pk").first()


def what_counts(project: Project) -> dict[str, Any]:
    """While this stays, so do the figures: the last answer, and which versions are promoted, each
    with the job that asked it last.
    """
    promoted = ModelVersion.objects.in_project(project).promoted().values_list("pk", flat=True)
    asked = last_asked(list(promoted))
    return {"event": last_event(project), "promoted": [[pk, asked[pk]] for pk in sorted(asked)]}


def last_event(project: Project) -> int:
    return project.events.aggregate(last=Max("pk"))["last"] or 0


def measure_project(run: JobRun, project: Project, serving: Serving) -> dict[str, Any]:
    """Measure every question that something suggests for."""
    project.jobs.filter(kind=KIND).exclude(pk=run.job.pk).exclude(finished_at=None).delete()
    counts = what_counts(project)
    heads = live.refresh(project)
    tested, drawn = blind_test_documents(project), drawn_reserve(project)
    said = said_of(run, tested[0], heads, serving)
    behind = {one.question: one.plain for one in heads if one.plain is not None}
    said_behind = said_of(run, tested[0], list(behind.values()), serving)
    served = {head.question: head for head in heads}
    for question in questions_of(project):
        if head := served.get(question.pk):
            figures = figures_of(question, said[question.pk], tested, drawn)
            keep(question, head, {**counts, "effect": effect_figures(question), **figures})
        if plain := behind.get(question.pk):
            figures = figures_of(question, said_behind[question.pk], tested, [])
            keep(question, plain, {**counts, **figures})
    return {"documents": len(tested[0]), "reserve": len(drawn)}


def figures_of(
    question: Question,
    said: Mapping[int, Sequence[Any]],
    tested: Tested,
    drawn: Sequence[Drawn],
) -> dict[str, Any]:
    """Everything the page shows of one question, as numbers."""
    answers = tested[1]
    outcomes = [
        Outcome(said[document.pk], answers[document.pk][question.pk])
        for document in tested[0]
        if question.pk in answers.get(document.pk, {})
    ]
    labels = [label.pk for label in question.labels.all()]
    figures = {
        "n": len(outcomes),
        **measured(outcomes, labels),
        "reliability": reliability(outcomes, several=question.takes_several),
        **reserve_figures(question, drawn),
    }
    if question.kind == QuestionKind.SPAN:
        return {**figures, "errors": span_errors(outcomes)}
    if not question.multiple:
        figures |= {"confusion": confusion(outcomes), "largest": largest_class(outcomes)}
    return figures


def reserve_figures(question: Question, drawn: Sequence[Drawn]) -> dict[str, Any]:
    """What the whole answered reserve tells: class shares, learning curve, what more would buy."""
    answered = [one for one in drawn if question.pk in one.answered]
    told = [one for one in answered if question.pk in one.said]
    path = track(
        [Outcome(one.said[question.pk], one.answered[question.pk]) for one in told],
        [one.answers_before for one in told],
        [one.document.is_blind for one in told],
        several=question.takes_several,
    )
    now = Annotation.objects.in_project(question.project).counted().count()
    return {
        "shares": class_shares([one.answered[question.pk] for one in answered]),
        "curve": learning_curve(path),
        "gain": gain(path, now),
        "answers": now,
    }


def said_of(
    run: JobRun, documents: Sequence[Document], heads: Sequence[LiveHead], serving: Serving
) -> dict[int, dict[int, Sequence[Any]]]:
    """By question and document, what its head says now, as it would be suggested. Reads what is
    not known yet, in chunks, and gives way to other jobs between them; what was read is remembered.
    """
    needs = needs_of(heads)
    labels = dict(_labels(heads).values_list("pk", "hide_suggestions"))
    hidden = frozenset(pk for pk, is_hidden in labels.items() if is_hidden)
    said: dict[int, dict[int, Sequence[Any]]] = {head.question: {} for head in heads}
    for start in range(0, len(documents) if heads else 0, READ_AT_ONCE):
        chunk = documents[start : start + READ_AT_ONCE]
        known, is_new = _vectors(chunk, needs, serving)
        words, are_new = _words(chunk, needs, serving)
        tuned, outputs = heard(words, needs), _outputs(chunk, needs)
        recorded = recorded_of(chunk, needs)
        for one in chunk:
            opened = Opened(one, serving.engine.name, known.get(one.text_hash), words=words)
            opened = replace(
                opened,
                tuned=tuned,
                outputs={
                    pk: of[one.text_hash] for pk, of in outputs.items() if one.text_hash in of
                },
                recorded=recorded.get(one.pk),
                labels=frozenset(labels),
                hidden=hidden,
            )
            for suggested in suggest(opened, heads):
                said[suggested.head.question][one.pk] = suggested.items
        run.progress(start + len(chunk), len(documents), "Measuring on blind test documents")
        run.raise_if_cancelled()
        if is_new or are_new:
            run.give_way()
    return said


@transaction.atomic
def keep(question: Question, head: LiveHead, figures: dict[str, Any]) -> None:
    """Store what was measured, and the headline figures with the version itself; where a version
    is promoted, with that one too: it is what people find when they ask what suggests.
    """
    wanted = {head.model_version, *([head.promoted.version] if head.promoted else ())}
    rows = ModelVersion.objects.select_for_update(no_key=True).in_bulk(wanted)
    row = rows.get(head.model_version)
    if row is None:
        return
    Measurement.objects.update_or_create(
        model_version=row,
        version=head.version if row.is_live else f"{head.version} as suggested",
        documents=figures["n"],
        contaminated=False,
        defaults={
            "question": question,
            "reserve_epoch": question.project.reserve_epoch,
            "answers": row.learned_answers,
            "figures": figures,
            "created_at": timezone.now(),
        },
    )
    older = row.measurements.order_by("-created_at", "-pk").values_list("pk", flat=True)
    row.measurements.filter(pk__in=list(older[KEPT:])).delete()
    metrics = {**headline(question, figures), "measured_version": head.version}
    for one in rows.values():
        one.metrics = metrics if one.is_live else {**one.metrics, "as_suggested": metrics}
        one.save(update_fields=["metrics"])


def headline(question: Question, figures: Mapping[str, Any]) -> dict[str, Estimate]:
    """The figures that stand for the rest: never one alone."""
    first = "micro_f1" if question.takes_several else "accuracy"
    return {name: figures[name] for name in (first, "macro_f1", "coverage")}


def _labels(heads: Sequence[LiveHead]) -> QuerySet[Label]:
    return Label.objects.filter(question__in=[head.question for head in heads])


def _outputs(chunk: Sequence[Document], needs: Needs) -> dict[int, Mapping[str, Floats]]:
    """By question and text hash, what promoted versions say; nothing where they cannot read."""
    texts = {one.text_hash: one.model_text for one in chunk}
    return {pk: said_of_all(promoted, texts) for pk, promoted in needs.promoted}


def _vectors(
    chunk: Sequence[Document], needs: Needs, serving: Serving
) -> tuple[Mapping[str, Floats], bool]:
    """By text hash; and whether any had to be read."""
    if not needs.vector:
        return {}, False
    encoder, texts = serving.engine.name, {one.text_hash: one.model_text for one in chunk}
    known = vectors.cached(encoder, texts)
    missing = {key: text for key, text in texts.items() if key not in known}
    return {**known, **vectors.encoded(encoder, serving.batcher, missing)}, bool(missing)


def _words(
    chunk: Sequence[Document], needs: Needs, serving: Serving
) -> tuple[dict[str, Words], bool]:
    """By text; and whether any had to be read."""
    texts = list({text for one in chunk for _, text in one.fields()}) if needs.words else []
    if not needs.states:
        return {text: word_memory.unread(text) for text in texts}, False
    encoder = serving.engine.name
    words = word_memory.known(chunk[0].project, encoder, texts)
    missing = [text for text in texts if text not in words]
    for text, reading in zip(missing, serving.batcher.read_all(missing), strict=True):
        words[text] = word_memory.remember(encoder, text, reading.states)
    return words, bool(missing)

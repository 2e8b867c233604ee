"""A span version that was trained here suggests together with the live tagger."""

from __future__ import annotations

import uuid

import numpy as np
import pytest

from inference import live
from inference.models import ModelKind, ModelVersion
from inference.promoted.shares import SPAN_WEIGHT
from inference.spans.calibration import Calibration
from inference.spans.words import Words, shapes, word_places
from labeling.spans import Span
from labeling.submit import Submission, submit
from projects.models import QuestionKind
from tests.factories import make_documents, make_project, make_question
from tests.inference.test_promoted import TAGS, promote, roll_back
from tests.inference.tiny_models import make_folder, register

pytestmark = pytest.mark.django_db(transaction=True)
LINE = [-0.5, 0.6]


@pytest.fixture(autouse=True)
def _settings(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "files"
    settings.TORCH_THREADS = 1


@pytest.fixture
def names(db):
    project = make_project(slug="names")
    return make_question(project, "names", labels=("person", "place"), kind=QuestionKind.SPAN)


@pytest.fixture
def version(names, tmp_path):
    labels = [label.pk for label in names.labels.all()]
    folder = make_folder(tmp_path / "made", TAGS, kind="Token")
    return register(names, folder, labels, parameters={"calibration": LINE})


def mark(question, person, text, word):
    [document] = make_documents(question.project, text)
    start = text.index(word)
    label = question.labels.get(name="person").pk
    submit(
        document=document,
        annotator=person,
        chosen={question.pk: [Span("text", start, start + len(word), label)]},
        submission=Submission(client_id=uuid.uuid4()),
    )


def test_it_speaks_alone_until_the_live_tagger_has_learned_something(names, version, bob, serving):
    promote(version)
    [alone] = live.refresh(names.project)

    mark(names, bob, "we met Ada in Rome", "Ada")
    [both] = live.refresh(names.project)

    assert (alone.head.tuned.weight, alone.model_version) == (1, version.pk)
    assert both.head.tuned.weight == SPAN_WEIGHT
    assert both.head.tuned.calibration == alone.head.tuned.calibration == Calibration(*LINE)
    row = ModelVersion.objects.get(pk=both.model_version)
    assert (row.kind, row.base, row.parameters["weight"]) == (ModelKind.LIVE, version, SPAN_WEIGHT)


def test_what_both_say_of_words_is_the_mean(names, version, bob, serving):
    promote(version)
    mark(names, bob, "we met Ada in Rome", "Ada")
    [both] = live.refresh(names.project)
    text = "she saw Ada"
    places = word_places(text)
    nothing = np.zeros((len(places), 0), dtype=np.float16)
    words = Words(places, nothing, shapes(text, places))
    sure = np.eye(5)[[0, 0, 1]]

    alone = {run[:3]: run.score for run in both.head.tagger.runs(text, words)}
    found, _ = both.head.tagged(text, words._replace(tuned=sure))

    ada = (2, 3, 0)
    assert alone[ada] < {run[:3]: run.score for run in found}[ada] < 0.99


def test_a_version_from_elsewhere_speaks_alone(names, version, bob, serving):
    version.parameters.pop("calibration")
    version.save()
    promote(version)
    mark(names, bob, "we met Ada in Rome", "Ada")

    [head] = live.refresh(names.project)

    assert (head.head.tuned.weight, head.model_version) == (1, version.pk)


def test_a_rollback_leaves_the_live_tagger(names, version, bob, serving):
    promote(version)
    mark(names, bob, "we met Ada in Rome", "Ada")
    live.refresh(names.project)
    roll_back(version)

    [head] = live.refresh(names.project)

    assert head.head.tuned is None
    assert head.promoted is None


def test_both_survive_a_restart(names, version, bob, serving):
    promote(version)
    mark(names, bob, "we met Ada in Rome", "Ada")
    [before] = live.refresh(names.project)

    live.forget_all()
    [after] = live.refresh(names.project)

    assert after.model_version == before.model_version
    assert after.head.tuned == before.head.tuned

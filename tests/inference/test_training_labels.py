"""Labels that were renamed, merged or deleted between a freeze and a training."""

from __future__ import annotations

import pytest

from corpus.versions.freeze import freeze
from inference.training.labels import in_words, labels_of, lost_labels
from inference.training.lessons import CannotTrain
from inference.training.request import checked
from inference.training.settings import TrainingSettings
from labeling.merge_labels import merge_labels
from projects.models import Job
from tests.factories import make_label
from tests.inference.training_data import frozen

pytestmark = pytest.mark.django_db


@pytest.fixture
def dataset(project, bob, settings, tmp_path):
    settings.DATA_DIR, settings.MEDIA_ROOT = tmp_path, tmp_path / "files"
    return frozen(project, bob)


def asked(dataset, question):
    return checked(dataset=dataset, question=question, settings=TrainingSettings())


def test_each_label_is_the_one_of_its_name(question, dataset):
    names = dict(question.labels.values_list("name", "pk"))

    assert asked(dataset, question)["labels"] == names
    assert lost_labels(dataset, question) == []


def test_a_renamed_label_is_refused_before_anything_is_trained(project, question, dataset, alice):
    question.labels.filter(name="Praise").update(name="Kudos")

    with pytest.raises(CannotTrain, match="Version 1 teaches “Praise”, which"):
        asked(dataset, question)
    assert not Job.objects.filter(kind="train").exists()


def test_the_page_refuses_it_too(client_of, project, question, dataset, alice):
    question.labels.filter(name="Praise").update(name="Kudos")

    response = client_of(alice).post(
        "/projects/tickets/models/train/", {"question": question.name, "dataset": dataset.pk}
    )

    assert response.status_code == 422
    assert "Freeze another version: it has the names of today." in response.text


def test_freezing_again_is_all_it_takes(project, question, dataset):
    question.labels.filter(name="Praise").update(name="Kudos")

    again = freeze(project=project)

    assert asked(again, question)["labels"].keys() == {"Refund", "Late delivery", "Kudos"}


def test_a_merged_label_is_followed(question, dataset, alice):
    source, target = (question.labels.get(name=name) for name in ("Praise", "Refund"))
    merge_labels(source=source, target=target, owner=alice, tell=lambda _: None)

    assert asked(dataset, question)["labels"]["Praise"] == target.pk


def test_a_label_merged_into_one_that_is_gone_is_lost(question, dataset, alice):
    last = make_label(question, "Last", position=9)
    source = question.labels.get(name="Praise")
    merge_labels(source=source, target=last, owner=alice, tell=lambda _: None)
    last.answers.all().delete()
    last.delete()

    assert lost_labels(dataset, question) == ["Praise"]


def test_a_label_that_taught_nothing_may_be_gone(project, question, bob, settings, tmp_path):
    settings.DATA_DIR, settings.MEDIA_ROOT = tmp_path, tmp_path / "files"
    unused = make_label(question, "Unused", position=9)
    dataset = frozen(project, bob)
    unused.delete()

    assert "Unused" not in labels_of(dataset, question)
    assert asked(dataset, question)


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["A"], "“A”"),
        (["A", "B"], "“A” and “B”"),
        (["A", "B", "C"], "“A”, “B” and “C”"),
        (["A", "B", "C", "D", "E"], "“A”, “B”, “C” and 2 more"),
    ],
)
def test_names_in_words(names, words):
    assert in_words(names) == words

"""The page of what differs between two dataset versions."""

import json

import pytest

from corpus.models import Redaction
from corpus.versions import diff
from corpus.versions.freeze import freeze
from projects.models import Document, Job
from tests.corpus.imports import imported, problems_of
from tests.corpus.pages import text_of, url
from tests.factories import answer, make_documents, make_project, make_question

pytestmark = pytest.mark.django_db


@pytest.fixture
def versions(project, bob):
    """Three versions: D-2 changes its answer in the second, D-3 comes with the third."""
    one, two, three = make_documents(project, "a", "b", "c")
    answer(one, bob, "Refund")
    first = answer(two, bob, "Praise")
    result = [freeze(project=project)]
    answer(two, bob, "Refund", replaces=first.event)
    result.append(freeze(project=project))
    answer(three, bob, "Late delivery")
    return [*result, freeze(project=project)]


def names_on(page) -> list[str]:
    return [change.name for change in page.context["changes"]]


def test_a_version_is_compared_with_the_one_before(client_of, rita, project, versions):
    page = client_of(rita).get(url("dataset_diff", project, 2))

    assert names_on(page) == ["D-2"]
    words = text_of(page)
    assert "From version 1 to 2" in words
    assert "2 → 2 documents answered: 0 more, 0 fewer, 1 answered otherwise." in words
    (change,) = page.context["changes"]
    (topic,) = change.answers
    assert [(item.came, item.name) for item in topic.items] == [(False, "Praise"), (True, "Refund")]


def test_any_two_versions_are_compared_either_way(client_of, rita, project, versions):
    client = client_of(rita)

    assert names_on(client.get(url("dataset_diff", project, 3), {"since": 1})) == ["D-2", "D-3"]
    back = client.get(url("dataset_diff", project, 1), {"since": 3})
    assert [change.parts for change in back.context["changes"]] == [("answers",), ("removed",)]


def test_one_kind_of_difference_is_shown_page_by_page(client_of, rita, project, versions):
    client = client_of(rita)

    page = client.get(url("dataset_diff", project, 3), {"since": 1, "part": "added"})

    assert names_on(page) == ["D-3"]
    assert page.context["parts"] == [("added", "Added", 1), ("answers", "Answers changed", 1)]


def test_many_documents_come_in_pages(client_of, rita, project, bob):
    for document in make_documents(project, count=45):
        answer(document, bob, "Refund")
    freeze(project=project)
    project.documents.update(imported_split="test")
    freeze(project=project)

    client = client_of(rita)
    sizes = [
        len(names_on(client.get(url("dataset_diff", project, 2), {"page": page})))
        for page in (1, 2, 3)
    ]

    assert sizes == [20, 20, 5]


def test_the_first_version_has_none_to_compare_with(client_of, rita, project, versions):
    response = client_of(rita).get(url("dataset_diff", project, 1), follow=True)

    assert response.redirect_chain == [(url("dataset", project, 1), 302)]
    assert "Version 1 is the first" in text_of(response)


@pytest.mark.parametrize("since", ["9", "x", "-1", "9" * 30])
def test_a_version_that_there_is_not_is_not_found(client_of, rita, project, versions, since):
    address = url("dataset_diff", project, 2)

    assert client_of(rita).get(address, {"since": since}).status_code == 404


def test_the_same_content_differs_in_nothing(client_of, rita, project, versions):
    page = client_of(rita).get(url("dataset_diff", project, 2), {"since": 2})

    assert "Nothing differs." in text_of(page)


def test_programs_get_each_document_whole(client_of, rita, project, versions):
    response = client_of(rita).get(url("dataset_diff_file", project, 3), {"since": 1})

    assert response["Content-Disposition"] == ('attachment; filename="tickets-dataset-1-to-3.json"')
    content = json.loads(b"".join(response.streaming_content))
    assert content["from"] == {
        "version": 1,
        "sha256": versions[0].sha256,
        "documents": 2,
    }
    assert content["documents"]["added"] == 1
    assert content["changes"] == [
        {
            "id": "D-2",
            "changed": ["answers"],
            "before": {
                "id": "D-2",
                "texts": {"text": "b"},
                "answers": {"topic": ["Praise"]},
                "split": "train",
                "meta": {},
            },
            "after": {
                "id": "D-2",
                "texts": {"text": "b"},
                "answers": {"topic": ["Refund"]},
                "split": "train",
                "meta": {},
            },
        },
        {
            "id": "D-3",
            "changed": ["added"],
            "before": None,
            "after": {
                "id": "D-3",
                "texts": {"text": "c"},
                "answers": {"topic": ["Late delivery"]},
                "split": "train",
                "meta": {},
            },
        },
    ]


def test_large_versions_are_compared_by_a_worker_once(
    client_of, rita, project, versions, monkeypatch
):
    monkeypatch.setattr(diff, "AT_ONCE", 10)
    # The same content may have been compared by another test.
    diff.path_of(versions[0], versions[1]).unlink(missing_ok=True)
    client = client_of(rita)
    address = url("dataset_diff", project, 2)
    assert "These versions are large" in text_of(client.get(address))
    file = client.get(url("dataset_diff_file", project, 2), follow=True)
    assert "Compare them first." in text_of(file)

    client.post(url("compare_datasets", project, 2), {"since": 1})

    assert Job.objects.filter(kind=diff.JOB, state="done").count() == 1
    assert names_on(client.get(address)) == ["D-2"]
    client.post(url("compare_datasets", project, 2), {"since": 1})
    assert Job.objects.filter(kind=diff.JOB).count() == 1


def test_spans_that_came_and_went_are_quoted(client_of, alice):
    project = make_project(slug="names", text_fields=["text", "reply"])
    project.memberships.create(user=alice, role="owner")
    make_question(project, "names", kind="span", labels=["PER", "LOC"], required=False)
    # Code points: each emoji with its skin tone is two.
    row = {
        "id": "N-1",
        "text": "👍🏽 Obama",
        "reply": "Obama in Rome",
        "names": [
            {"field": "text", "start": 3, "end": 8, "label": "PER"},
            {"field": "reply", "start": 9, "end": 13, "label": "LOC"},
        ],
    }
    assert problems_of(imported(project, json.dumps(row), format="jsonl")) == []
    freeze(project=project)
    spans = project.annotations.get().answers
    spans.filter(field="reply").update(start=0, end=5)
    freeze(project=project)

    page = client_of(alice).get(url("dataset_diff", project, 2))

    (change,) = page.context["changes"]
    (names,) = change.answers
    assert [(item.came, item.name, item.quote) for item in names.items] == [
        (False, "LOC", "Rome"),
        (True, "LOC", "Obama"),
    ]
    assert [(each.field, len(each.marks)) for each in change.texts] == [("text", 1), ("reply", 1)]
    (question,) = page.context["summary"]["questions"]
    assert question["answers"] == {
        "before": 1,
        "after": 1,
        "added": 0,
        "removed": 0,
        "changed": 1,
    }


def test_a_redacted_version_says_so_and_is_not_compared(client_of, rita, project, versions):
    first, second, _ = versions
    first.file.storage.delete(first.file.name)
    Redaction.objects.create(dataset_version=first, reason="Asked to", successor=second)
    client = client_of(rita)

    page = text_of(client.get(url("dataset", project, 1)))
    assert "A document of this version was erased" in page
    assert "Restore it from a backup" not in page
    assert "Erased" in text_of(client.get(url("datasets", project)))
    assert client.get(url("dataset_file", project, 1)).status_code == 302
    assert "Documents</h2>" not in text_of(client.get(url("dataset_diff", project, 2)))


def test_the_texts_of_a_page_are_shortened(client_of, rita, project, bob):
    (one,) = make_documents(project, "long " * 10_000)
    answer(one, bob, "Refund")
    freeze(project=project)
    Document.objects.filter(pk=one.pk).update(imported_split="test")
    freeze(project=project)

    page = client_of(rita).get(url("dataset_diff", project, 2))

    assert len(page.content) < 20_000


@pytest.mark.parametrize("count", [1, 3])
def test_the_page_costs_the_same_for_one_and_three(
    client_of, rita, project, bob, count, django_assert_num_queries
):
    for document in make_documents(project, count=count):
        answer(document, bob, "Refund")
    freeze(project=project)
    project.documents.update(imported_split="test")
    freeze(project=project)
    client = client_of(rita)

    with django_assert_num_queries(11):
        page = client.get(url("dataset_diff", project, 2))

    assert len(page.context["changes"]) == count

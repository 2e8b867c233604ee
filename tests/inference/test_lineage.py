"""What came from what, traced through events, dataset versions and models."""

from __future__ import annotations

import uuid
from itertools import pairwise

import pytest

from corpus.erase import erase
from corpus.versions.freeze import freeze
from corpus.versions.recipe import Recipe
from inference import live
from inference.lineage.drawing import WIDTH, drawn
from inference.lineage.graph import Viewer
from inference.lineage.standing import PERSON, frozen_at, standing
from inference.lineage.starts import lineage_of
from inference.models import ModelKind, ModelVersion, Stage, Suggestion
from labeling.correct import correct
from labeling.models import Annotation, Answer, Event, Origin
from labeling.submit import Submission
from labeling.undo import undo
from labeling.withdraw import put_back, withdraw
from projects.models import DocumentState
from tests.factories import answer, make_documents

PAGE = "/projects/tickets/models/lineage/"
JSON = "/projects/tickets/models/lineage.json"


def last(project) -> int:
    return project.events.latest("pk").pk


def made(project, **fields) -> ModelVersion:
    question = project.questions.get()
    fields = {"name": "Topic", "kind": ModelKind.FINE_TUNED, "number": 1, **fields}
    return ModelVersion.objects.create(project=project, question=question, **fields)


def traced(project, start: str, *, user: int = 0, sees_people: bool = True):
    return lineage_of(project, start, Viewer(user, sees_people))


def titles(graph, kind: str) -> list[str]:
    return [node.title for node in graph.nodes.values() if node.kind == kind]


def named(graph) -> set[tuple[str, str]]:
    """The edges, by title."""
    return {(graph.nodes[a].title, graph.nodes[b].title) for a, b in graph.edges}


@pytest.fixture
def answered(project, bob, dora):
    """Bob answered two documents, Dora one; frozen, and a model made from that."""
    documents = make_documents(project, count=3)
    for document, person in zip(documents, (bob, bob, dora), strict=True):
        answer(document, person, "Refund")
    dataset = freeze(project=project)
    return made(project, dataset_version=dataset, stage=Stage.CHALLENGER)


def test_an_answer_stands_until_another_event_replaces_it(project, alice, bob):
    [document] = make_documents(project, count=1)
    first = answer(document, bob, "Refund").event
    second = answer(document, bob, "Praise", replaces=first).event
    annotation = Annotation.objects.get()
    gone = withdraw(annotation=annotation, owner=alice, reason="", client_id=uuid.uuid4())
    annotation.refresh_from_db()
    back = put_back(annotation=annotation, owner=alice, client_id=uuid.uuid4())

    stood = [list(standing(project, e.pk)) for e in (first, second, gone, back)]

    assert stood == [[first], [second], [], [back]]


def test_an_undone_change_leaves_what_stood_before_it(project, bob):
    [document] = make_documents(project, count=1)
    first = answer(document, bob, "Refund").event
    answer(document, bob, "Praise", replaces=first)
    undo(project=project, annotator=bob, client_id=uuid.uuid4())
    undo(project=project, annotator=bob, client_id=uuid.uuid4())

    assert standing(project, last(project) - 1).get().payload["answers"]
    assert not standing(project, last(project)).exists()


def test_a_corrected_answer_stays_the_answer_of_who_gave_it(project, question, alice, bob):
    [document] = make_documents(project, count=1)
    event = answer(document, bob, "Refund").event
    correct(
        annotation=Annotation.objects.get(),
        owner=alice,
        chosen={question.pk: [question.labels.last().pk]},
        submission=Submission(client_id=uuid.uuid4(), replaces=event.pk),
    )

    people = standing(project, last(project)).annotate(person=PERSON)

    assert [event.person for event in people] == [bob.pk]


def test_answers_that_came_with_a_file_are_nobodys(project, question):
    from labeling.import_answers import import_answers

    [document] = make_documents(project, count=1)
    import_answers(
        project=project, rows=[(document, {question.pk: [question.labels.first().pk]})], actor=None
    )
    version = made(project, kind=ModelKind.LIVE, last_event_id=last(project))

    graph = traced(project, f"model:{version.pk}")

    assert titles(graph, "people") == ["Imported answers"]


def test_a_model_goes_back_to_the_people_who_taught_it(answered, project):
    graph = traced(project, f"model:{answered.pk}")

    assert named(graph) == {
        ("Topic 1", "Dataset version 1"),
        ("Dataset version 1", "3 answers"),
        ("3 answers", "bob"),
        ("3 answers", "dora"),
    }
    assert graph.nodes[f"dataset:{answered.dataset_version_id}"].facts["sha256"]


def test_the_guidelines_in_force_are_behind_the_answers(project, bob):
    guideline = project.guideline_versions.create(number=3, text="Be kind.")
    [document] = make_documents(project, count=1)
    answer(document, bob, "Refund")
    version = made(project, dataset_version=freeze(project=project))

    graph = traced(project, f"model:{version.pk}")

    node = graph.nodes[f"guideline:{guideline.pk}"]
    assert (node.facts, node.lines) == ({"number": 3}, ("1 answer",))


def test_what_somebody_gave_to_each_of_two_is_told_apart(answered, project, bob):
    [document] = make_documents(project, count=1)
    answer(document, bob, "Praise")
    head = made(project, kind=ModelKind.LIVE, number=2, base=answered, last_event_id=last(project))

    graph = traced(project, f"model:{head.pk}")

    edges = graph.as_json()["edges"]
    given = {
        edge["of"]: edge["answers"] for edge in edges if edge["made_from"] == f"annotator:{bob.pk}"
    }
    assert given == {
        f"answers:dataset:{answered.dataset_version_id}": 2,
        f"answers:model:{head.pk}": 3,
    }
    assert graph.nodes[f"annotator:{bob.pk}"].lines == ("2 and 3 answers",)


def test_a_long_line_goes_below_the_boxes_between_its_ends(answered, project, bob):
    head = made(project, kind=ModelKind.LIVE, number=2, base=answered, last_event_id=last(project))

    drawing = drawn(traced(project, f"model:{head.pk}"))

    [line] = [line for line in drawing.lines if "L" in line]
    lane = int(line.rpartition("L")[2].split()[0].split(",")[1])
    between = [box for layer in drawing.layers[1:3] for box in layer.boxes]
    assert [box.node.kind for box in between] == ["model", "dataset"]
    assert max(box.bottom for box in between) < lane < drawing.height


def test_what_came_after_the_freeze_did_not_teach_it(answered, project, bob):
    [document] = make_documents(project, count=1)
    answer(document, bob, "Praise")

    graph = traced(project, f"model:{answered.pk}")

    assert "3 answers" in titles(graph, "answers")
    assert frozen_at(answered.dataset_version) == last(project) - 1


def answers_behind(graph):
    return next(node for node in graph.nodes.values() if node.kind == "answers")


def test_what_was_taken_back_since_is_told(answered, project, alice, bob):
    mine, other, hers = Annotation.objects.order_by("pk")
    revised = answer(other.document, bob, "Praise", replaces=other.last_event)
    other.refresh_from_db()
    assert other.last_event == revised.event
    for annotation in (other, mine):
        withdraw(annotation=annotation, owner=alice, reason="", client_id=uuid.uuid4())
    mine.refresh_from_db()
    put_back(annotation=mine, owner=alice, client_id=uuid.uuid4())
    erase(document=hers.document, owner=alice, reason="", client_id=uuid.uuid4())

    graph = traced(project, f"model:{answered.pk}")

    node = answers_behind(graph)
    assert node.facts["taken_back_since"] == {"withdrawn": 1, "deleted": 0, "erased": 1}
    assert node.lines[-2:] == ("1 withdrawn since", "1 erased since")
    assert any("held a document that was erased since" in note for note in graph.notes)
    assert any("version 2 holds the rest" in note for note in graph.notes)


def test_while_all_stands_nothing_is_said_of_it(answered, project):
    graph = traced(project, f"model:{answered.pk}")

    assert not any(answers_behind(graph).facts["taken_back_since"].values())
    assert "since" not in " ".join([*answers_behind(graph).lines, *graph.notes])


def test_labels_that_a_model_knows_and_the_question_has_no_more_are_counted(answered, project):
    labels = project.questions.get().labels
    answered.parameters = {"labels": [*labels.values_list("pk", flat=True), None]}
    answered.save()
    assert "no more" not in " ".join(traced(project, f"model:{answered.pk}").notes)

    labels.get(name="Praise").delete()

    notes = traced(project, f"model:{answered.pk}").notes
    assert "Topic 1 tells 1 label apart that the question has no more. " in " ".join(notes)


def test_a_suggestion_goes_back_to_its_live_head_as_it_stood_then(project, serving, bob):
    documents = make_documents(project, count=3)
    first = answer(documents[0], bob, "Refund").event
    [head] = live.refresh(project)
    said = Suggestion.objects.create(
        document=documents[2],
        question_id=head.question,
        model_version_id=head.model_version,
        version=head.version,
        items=[
            {
                "label": project.questions.get().labels.first().pk,
                "score": 0.5,
                "offered": True,
            }
        ],
    )
    answer(documents[1], bob, "Praise")
    live.refresh(project)

    graph = traced(project, f"suggestion:{said.pk}")

    assert titles(graph, "live") == [f"{head.name} 1.{first.pk}"]
    assert named(graph) >= {("A suggestion", f"{head.name} 1.{first.pk}"), ("1 answer", "bob")}
    assert graph.nodes[f"suggestion:{said.pk}"].lines[0] == "Refund 50%"


def test_an_accepted_answer_goes_back_to_the_suggestion_behind_it(answered, project, bob):
    [document] = make_documents(project, count=1)
    answer(document, bob, "Refund")
    said = suggested(answered, document)
    Answer.objects.filter(annotation__document=document).update(
        origin=Origin.ACCEPTED, model_version="Topic 1"
    )
    row = Answer.objects.get(annotation__document=document)

    graph = traced(project, f"answer:{row.pk}")

    assert graph.start == f"suggestion:{said.pk}"
    assert ("A suggestion", "Topic 1") in named(graph)


def test_a_head_stands_on_the_version_that_was_promoted(answered, project):
    head = made(project, kind=ModelKind.LIVE, number=2, base=answered, name="Topic live")

    graph = traced(project, f"model:{head.pk}")

    assert named(graph) >= {("Topic live 2.0", "Topic 1"), ("Topic 1", "Dataset version 1")}


def test_blind_documents_taught_a_live_head_nothing(project, bob):
    open_one, blind_one = make_documents(project, count=2)
    type(blind_one).objects.filter(pk=blind_one.pk).update(imported_split="test")
    answer(open_one, bob, "Refund")
    answer(blind_one, bob, "Refund")
    version = made(project, kind=ModelKind.LIVE, last_event_id=last(project))

    graph = traced(project, f"model:{version.pk}")

    assert titles(graph, "answers") == ["1 answer"]


def test_a_document_is_in_the_versions_that_were_frozen_after_its_answer(answered, project, bob):
    [late] = make_documents(project, count=1)
    answer(late, bob, "Praise")
    newer = made(project, number=2, dataset_version=freeze(project=project))
    early = project.documents.first()

    both, one = (traced(project, f"document:{document.pk}") for document in (early, late))

    assert sorted(titles(both, "model")) == ["Topic 1", "Topic 2"]
    assert titles(one, "model") == [str(newer)]
    assert titles(one, "annotator") == ["bob"]


def test_no_model_learned_from_a_blind_document(answered, project):
    document = project.documents.first()
    type(document).objects.filter(pk=document.pk).update(imported_split="test")

    graph = traced(project, f"document:{document.pk}")

    assert titles(graph, "dataset") == ["Dataset version 1"]
    assert titles(graph, "model") == []


def test_a_person_is_in_the_versions_that_hold_their_answers(answered, project, bob, rita):
    graph = traced(project, f"annotator:{bob.pk}")

    assert named(graph) == {("Topic 1", "Dataset version 1"), ("Dataset version 1", "bob")}
    assert "2 answered by then" in graph.nodes[f"dataset:{answered.dataset_version_id}"].lines
    assert list(traced(project, f"annotator:{rita.pk}").nodes) == [f"annotator:{rita.pk}"]


@pytest.mark.parametrize(
    ("filters", "answers", "of_bob", "of_dora"),
    [
        ({"annotators": "bob"}, ["2 answers"], True, False),
        ({"since": "2020-01-01"}, ["3 answers"], True, True),
        ({"blind": "without"}, ["2 answers"], True, True),
        ({"blind": "only"}, ["1 answer"], True, True),
    ],
)
def test_what_the_filters_of_a_version_left_out_is_not_in_it(
    project, bob, dora, filters, answers, of_bob, of_dora
):
    documents = make_documents(project, count=3)
    for document, person in zip(documents, (bob, bob, dora), strict=True):
        answer(document, person, "Refund")
    type(documents[0]).objects.filter(pk=documents[0].pk).update(imported_split="test")
    filters = {key: str(bob.pk) if value == "bob" else value for key, value in filters.items()}
    version = freeze(project=project, recipe=Recipe(filters=filters))

    found = [
        bool(titles(traced(project, f"annotator:{person.pk}"), "dataset")) for person in (bob, dora)
    ]
    held = [
        bool(titles(traced(project, f"document:{document.pk}"), "dataset"))
        for document in documents
    ]

    assert titles(traced(project, f"dataset:{version.pk}"), "answers") == answers
    assert found == [of_bob, of_dora]
    assert f"{sum(held)} answer" in answers[0]


def test_a_label_is_in_the_versions_that_count_it(answered, project, question):
    refund, _, praise = question.labels.all()

    assert titles(traced(project, f"label:{refund.pk}"), "model") == ["Topic 1"]
    assert titles(traced(project, f"label:{praise.pk}"), "model") == []


def test_people_without_the_right_see_how_many_and_not_who(answered, project, vera):
    graph = traced(project, f"model:{answered.pk}", user=vera.pk, sees_people=False)

    assert titles(graph, "people") == ["2 annotators"]
    assert titles(graph, "annotator") == []
    assert "bob" not in str(graph.as_json())


def suggested(version, document) -> Suggestion:
    label = version.question.labels.first()
    return Suggestion.objects.create(
        document=document,
        question=version.question,
        model_version=version,
        version=version.version,
        label=label,
        items=[{"label": label.pk, "score": 0.9, "offered": True}],
    )


@pytest.mark.parametrize(
    ("state", "split", "told"),
    [
        (DocumentState.OPEN, "test", False),
        (DocumentState.DONE, "test", True),
        (DocumentState.OPEN, "", True),
    ],
)
def test_what_was_said_of_a_blind_document_is_told_once_it_is_answered(
    answered, project, client_of, alice, state, split, told
):
    [document] = make_documents(project, count=1)
    type(document).objects.filter(pk=document.pk).update(imported_split=split, state=state)
    said = suggested(answered, document)
    client = client_of(alice)

    pages = [client.get(url, {"from": f"suggestion:{said.pk}"}) for url in (PAGE, JSON)]
    by_document = client.get(JSON, {"from": f"document:{document.pk}"}).json()

    assert [("90%" in pages[0].text), ('"score": 0.9' in pages[1].text)] == [told, told]
    assert any(node["kind"] == "suggestion" for node in by_document["nodes"]) == told


@pytest.mark.parametrize(
    "start", ["model:9", "model:x", "nothing:1", "model", "dataset:" + "9" * 30]
)
def test_what_is_not_there_is_not_found(project, client_of, alice, start):
    assert client_of(alice).get(PAGE, {"from": start}).status_code == 404


def test_annotators_may_ask_about_themselves_alone(answered, project, client_of, bob, dora):
    client = client_of(bob)

    def status(start):
        return client.get(PAGE, {"from": start}).status_code

    mine, hers = project.documents.first(), project.documents.last()
    assert status(f"annotator:{bob.pk}") == 200
    assert status(f"annotator:{dora.pk}") == 404
    assert status(f"document:{mine.pk}") == 200
    assert status(f"document:{hers.pk}") == 404


def test_the_page_draws_it_and_lists_it(answered, project, client_of, alice):
    page = client_of(alice).get(PAGE, {"from": f"model:{answered.pk}"}).text

    assert page.count("<svg") == 1
    assert f'<a href="?from=dataset:{answered.dataset_version_id}">' in page
    assert "from <bdi>Dataset version 1</bdi>" in page
    assert "as of the freeze" in page


def test_the_form_says_where_the_drawing_starts(answered, project, client_of, alice):
    client = client_of(alice)
    document = project.documents.first()

    by_document = client.get(PAGE, {"from": f"document:{document.pk}"}).text
    by_model = client.get(PAGE, {"from": f"model:{answered.pk}"}).text

    assert f'<option value="document:{document.pk}" selected>D-1</option>' in by_document
    assert by_document.count(" selected>") == by_model.count(" selected>") == 1


def test_without_any_model_the_page_says_so(project, client_of, vera):
    client = client_of(vera)

    assert "There is no model yet" in client.get(PAGE).text
    assert client.get(JSON).json()["nodes"] == []


def test_without_a_start_it_is_the_model_that_suggests(answered, project, client_of, vera):
    champion = made(project, number=2, kind=ModelKind.LIVE, stage=Stage.CHAMPION)
    made(project, number=3)

    assert client_of(vera).get(JSON).json()["from"] == f"model:{champion.pk}"


def test_boxes_of_a_drawing_do_not_overlap(answered, project):
    for number in range(2, 17):
        made(project, number=number, dataset_version=answered.dataset_version)

    drawing = drawn(traced(project, f"dataset:{answered.dataset_version_id}"))

    boxes = [box for layer in drawing.layers for box in layer.boxes]
    for box in boxes:
        assert 0 <= box.x <= drawing.width - WIDTH
        assert box.y >= 0
        assert box.y + box.height <= drawing.height
    for layer in drawing.layers:
        tops = [(box.y, box.y + box.height) for box in layer.boxes]
        assert all(a[1] <= b[0] for a, b in pairwise(tops))
    assert [layer.more for layer in drawing.layers] == [4, 0, 0, 0]


@pytest.mark.parametrize("versions", [1, 3])
@pytest.mark.parametrize(
    ("kind", "queries"), [("model", 16), ("dataset", 16), ("annotator", 13), ("label", 14)]
)
def test_more_versions_cost_no_more_queries(
    answered, project, client_of, alice, bob, django_assert_num_queries, versions, kind, queries
):
    for number in range(2, versions + 1):
        [document] = make_documents(project, count=1)
        answer(document, bob, "Refund")
        made(project, number=number, dataset_version=freeze(project=project))
    number = {
        "model": answered.pk,
        "dataset": answered.dataset_version_id,
        "annotator": bob.pk,
        "label": answered.question.labels.first().pk,
    }[kind]
    client = client_of(alice)

    with django_assert_num_queries(queries):
        client.get(PAGE, {"from": f"{kind}:{number}"})


@pytest.mark.parametrize("answers", [1, 3])
def test_a_document_with_more_answers_costs_no_more_queries(
    project, client_of, alice, bob, dora, rita, django_assert_num_queries, answers
):
    project.overlap = 3
    project.save(update_fields=["overlap"])
    [document] = make_documents(project, count=1)
    for person in (bob, dora, rita)[:answers]:
        answer(document, person, "Refund")
    assert Event.objects.count() == answers
    client = client_of(alice)

    with django_assert_num_queries(13):
        client.get(PAGE, {"from": f"document:{document.pk}"})

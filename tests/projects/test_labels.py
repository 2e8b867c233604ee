import uuid

import pytest

from labeling.spans import Span
from labeling.submit import Submission, submit
from projects.models import Label, Question
from tests.factories import answer, make_documents, make_question

pytestmark = pytest.mark.django_db

PAGE = "/projects/tickets/labels/"


@pytest.fixture
def owner(client_of, alice):
    return client_of(alice)


@pytest.fixture
def refund(question):
    return question.labels.get(name="Refund")


def words(response):
    return " ".join(str(message) for message in response.context["messages"])


def test_a_rename_is_instant_and_answers_follow(owner, project, bob, refund):
    [document] = make_documents(project, count=1)
    answer(document, bob, "Refund")

    owner.post(f"{PAGE}{refund.pk}/change", {"name": "Money back"})

    assert document.annotations.get().answers.get().label.name == "Money back"


def test_a_label_in_use_is_not_deleted_and_the_count_is_said(owner, project, bob, dora, refund):
    for document, person in zip(make_documents(project, count=2), (bob, dora), strict=True):
        answer(document, person, "Refund")

    response = owner.post(f"{PAGE}{refund.pk}/delete", follow=True)

    assert "“Refund” was not deleted: 2 answers use it" in words(response)
    assert Label.objects.filter(pk=refund.pk).exists()


def test_an_unused_label_is_deleted(owner, refund):
    owner.post(f"{PAGE}{refund.pk}/delete")

    assert not Label.objects.filter(pk=refund.pk).exists()


def test_a_question_in_use_is_not_deleted(owner, project, bob, question):
    [document] = make_documents(project, count=1)
    answer(document, bob, "Refund")

    response = owner.post(f"{PAGE}questions/{question.pk}/delete", follow=True)

    assert "1 answer uses it" in words(response)
    assert Question.objects.exists()


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"name": "Praise"}, "has this name"),
        ({"name": ""}, "required"),
        ({"name": "New", "hotkey": "z"}, "which the page uses"),
        ({"name": "New", "color": "400"}, "0 to 359"),
    ],
)
def test_a_label_that_does_not_fit_is_refused_with_the_reason(owner, question, fields, reason):
    response = owner.post(f"{PAGE}questions/{question.pk}/add", fields)

    page = response.content.decode()
    assert response.status_code == 422
    assert reason in page
    assert f'value="{fields["name"]}"' in page or not fields["name"]
    assert question.labels.count() == 3


def test_a_key_is_given_once(owner, question, refund):
    owner.post(f"{PAGE}{refund.pk}/change", {"name": "Refund", "hotkey": "R"})

    response = owner.post(f"{PAGE}questions/{question.pk}/add", {"name": "Return", "hotkey": "r"})

    assert "“Refund” has this key" in response.content.decode()


def test_a_refused_change_keeps_what_was_typed_and_changes_nothing(owner, refund):
    response = owner.post(f"{PAGE}{refund.pk}/change", {"name": "Money", "color": "400"})

    refund.refresh_from_db()
    assert response.status_code == 422
    assert 'value="Money"' in response.content.decode()
    assert refund.name == "Refund"


@pytest.mark.parametrize(
    ("place", "order"),
    [
        ("1", ["Praise", "Refund", "Late delivery"]),
        ("2", ["Refund", "Praise", "Late delivery"]),
        ("99", ["Refund", "Late delivery", "Praise"]),
        ("9" * 30, ["Refund", "Late delivery", "Praise"]),
        ("", ["Refund", "Late delivery", "Praise"]),
    ],
)
def test_a_label_is_moved_to_its_place(owner, question, place, order):
    praise = question.labels.get(name="Praise")

    owner.post(f"{PAGE}{praise.pk}/change", {"name": "Praise", "place": place})

    assert list(question.labels.values_list("name", flat=True)) == order


def test_a_new_label_comes_last_though_others_were_deleted(owner, question, refund):
    refund.delete()

    owner.post(f"{PAGE}questions/{question.pk}/add", {"name": "New"})

    assert question.labels.last().name == "New"


def test_a_question_is_moved_to_its_place(owner, project):
    tone = make_question(project, "tone", labels=["Angry"], position=1)

    owner.post(f"{PAGE}questions/{tone.pk}/change", {"name": "tone", "place": "1"})

    assert list(project.questions.values_list("name", flat=True)) == ["tone", "topic"]


def test_one_label_cannot_be_asked_for_once_several_were_given(owner, project, bob, question):
    question.multiple = True
    question.save()
    [document] = make_documents(project, count=1)
    answer(document, bob, "Refund", "Praise")

    response = owner.post(f"{PAGE}questions/{question.pk}/change", {"name": "topic"})

    question.refresh_from_db()
    assert "1 answer holds several labels" in response.content.decode()
    assert question.multiple


def test_several_labels_can_be_allowed_later(owner, project, bob, question):
    [document] = make_documents(project, count=1)
    answer(document, bob, "Refund")

    owner.post(f"{PAGE}questions/{question.pk}/change", {"name": "topic", "multiple": "on"})

    question.refresh_from_db()
    assert question.multiple


def test_a_question_is_added_with_its_labels(owner, project):
    prefix = "new-question"
    owner.post(f"{PAGE}questions/add", {f"{prefix}-name": "tone", f"{prefix}-multiple": "on"})
    tone = project.questions.get(name="tone")
    owner.post(f"{PAGE}questions/{tone.pk}/add", {"name": "Angry"})

    assert tone.kind == "choice"
    assert tone.multiple
    assert tone.labels.get().name == "Angry"


@pytest.mark.parametrize("name", ["topic", "text", "id", "split", "unresolved"])
def test_a_question_cannot_take_a_name_that_is_taken(owner, project, name):
    response = owner.post(f"{PAGE}questions/add", {"new-question-name": name})

    assert response.status_code == 422
    assert project.questions.count() == 1


def test_labels_have_their_colours_in_a_stylesheet(owner, refund):
    owner.post(f"{PAGE}{refund.pk}/change", {"name": "Refund", "color": "123"})

    response = owner.get("/projects/tickets/labels.css")

    assert response.headers["Content-Type"].startswith("text/css")
    assert f".label-{refund.pk}{{--label-hue:123;" in response.content.decode()


def test_colours_are_fetched_again_only_when_they_changed(owner, refund):
    css = "/projects/tickets/labels.css"
    etag = owner.get(css).headers["ETag"]

    unchanged = owner.get(css, headers={"If-None-Match": etag})
    owner.post(f"{PAGE}{refund.pk}/change", {"name": "Refund", "color": "123"})
    changed = owner.get(css, headers={"If-None-Match": etag})

    assert (unchanged.status_code, changed.status_code) == (304, 200)
    assert unchanged.headers["Cache-Control"] == "private, no-cache"


@pytest.mark.parametrize("count", [1, 3])
def test_questions_are_listed_at_a_constant_cost(owner, project, django_assert_num_queries, count):
    project.questions.all().delete()
    for number in range(count):
        made = Question.objects.create(project=project, name=f"q{number}", kind="choice")
        Label.objects.create(question=made, name="One")

    with django_assert_num_queries(6):
        owner.get(PAGE)


def test_a_question_that_marks_spans_is_added(owner, project):
    prefix = "new-question"
    fields = {"name": "names", "kind": "span", "multiple": "on", "overlapping": "on"}
    owner.post(f"{PAGE}questions/add", {f"{prefix}-{key}": fields[key] for key in fields})

    names = project.questions.get(name="names")
    assert (names.kind, names.overlapping, names.multiple, names.required) == (
        "span",
        True,
        False,
        False,
    )


@pytest.mark.parametrize(("second", "allowed"), [((4, 8), False), ((5, 8), True)])
def test_overlap_is_forbidden_later_only_if_no_answer_has_it(
    owner, project, bob, question, second, allowed
):
    question.delete()
    names = make_question(project, "names", labels=["A"], kind="span", overlapping=True)
    [document] = make_documents(project, "Ada Lovelace")
    label = names.labels.get().pk
    chosen = {names.pk: [Span("text", 0, 5, label), Span("text", *second, label)]}
    client_id = uuid.uuid4()
    submit(
        document=document, annotator=bob, chosen=chosen, submission=Submission(client_id=client_id)
    )

    response = owner.post(f"{PAGE}questions/{names.pk}/change", {"name": "names"})

    names.refresh_from_db()
    assert names.overlapping == (not allowed)
    assert response.status_code == (302 if allowed else 422)


def test_labels_are_added_a_line_each(owner, question):
    lines = "Return: Sends it back: at once.\r\n\r\n  Other  \r\n"
    owner.post(f"{PAGE}questions/{question.pk}/add-several", {"lines": lines})

    added = list(question.labels.values_list("name", "description"))[3:]
    assert added == [("Return", "Sends it back: at once."), ("Other", "")]


def test_a_pasted_list_with_a_fault_adds_nothing_and_says_where(owner, question):
    lines = "New\nRefund\nNew\n: nameless\n" + "x" * 201
    response = owner.post(f"{PAGE}questions/{question.pk}/add-several", {"lines": lines})

    page = response.content.decode()
    assert response.status_code == 422
    for words in (
        "Line 2: there is a label “Refund” already",
        "Line 3: there is a label “New” already",
        "Line 4: the name is missing",
        "Line 5: the name is longer",
        "nameless",
    ):
        assert words in page
    assert question.labels.count() == 3


def test_one_label_is_changed_at_a_time(owner, question, refund):
    page = owner.get(f"{PAGE}?edit={refund.pk}").content.decode()

    assert page.count(f'id="l{refund.pk}-name"') == 1
    assert f'id="l{question.labels.last().pk}-name"' not in page


def test_a_description_keeps_its_lines(owner, question, refund):
    owner.post(f"{PAGE}{refund.pk}/change", {"name": "Refund", "description": "One.\nTwo."})

    refund.refresh_from_db()
    assert refund.description == "One.\nTwo."

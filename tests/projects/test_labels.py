import pytest

from projects.models import Label, Question
from tests.factories import answer, make_documents

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
    response = owner.post(f"{PAGE}questions/{question.pk}/add", fields, follow=True)

    assert reason in words(response)
    assert question.labels.count() == 3


def test_a_key_is_given_once(owner, question, refund):
    owner.post(f"{PAGE}{refund.pk}/change", {"name": "Refund", "hotkey": "R"})

    response = owner.post(
        f"{PAGE}questions/{question.pk}/add", {"name": "Return", "hotkey": "r"}, follow=True
    )

    assert "has this key" in words(response)


def test_a_question_is_added_with_its_labels(owner, project):
    prefix = "new-question"
    owner.post(f"{PAGE}questions/add", {f"{prefix}-name": "tone", f"{prefix}-multiple": "on"})
    tone = project.questions.get(name="tone")
    owner.post(f"{PAGE}questions/{tone.pk}/add", {"name": "Angry"})

    assert tone.multiple
    assert tone.labels.get().name == "Angry"


@pytest.mark.parametrize("name", ["topic", "text", "id", "split"])
def test_a_question_cannot_take_a_name_that_is_taken(owner, project, name):
    response = owner.post(f"{PAGE}questions/add", {"new-question-name": name})

    assert response.status_code == 422
    assert project.questions.count() == 1


def test_labels_have_their_colours_in_a_stylesheet(owner, refund):
    owner.post(f"{PAGE}{refund.pk}/change", {"name": "Refund", "color": "123"})

    response = owner.get("/projects/tickets/labels.css")

    assert response.headers["Content-Type"].startswith("text/css")
    assert f".label-{refund.pk}{{--label-hue:123;" in response.content.decode()


@pytest.mark.parametrize("count", [1, 3])
def test_questions_are_listed_at_a_constant_cost(owner, project, django_assert_num_queries, count):
    project.questions.all().delete()
    for number in range(count):
        made = Question.objects.create(project=project, name=f"q{number}", kind="choice")
        Label.objects.create(question=made, name="One")

    with django_assert_num_queries(5):
        owner.get(PAGE)

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeling.keys import PLACES, RESERVED, keys_for, keys_on_page
from projects.models import Label, QuestionKind
from tests.factories import make_question


def labels(*hotkeys):
    return [Label(pk=number, hotkey=key) for number, key in enumerate(hotkeys, 1)]


def test_labels_get_figures_then_letters():
    assert list(keys_for(labels(*[""] * 11)).values()) == [*"123456789", "a", "b"]


def test_the_owners_choice_comes_first():
    assert keys_for(labels("", "1", "r")) == {1: "2", 2: "1", 3: "r"}


@given(st.lists(st.sampled_from(["", "1", "5", "a", "R"]), max_size=80))
def test_no_key_is_given_twice_unless_the_owner_did(hotkeys):
    keys = keys_for(labels(*hotkeys))
    given_out = [key for pk, key in keys.items() if key and not hotkeys[pk - 1]]

    assert len(given_out) == len(set(given_out))
    assert not set(given_out) & {key.lower() for key in hotkeys}


@pytest.mark.parametrize("reserved", sorted(RESERVED))
def test_keys_of_the_page_are_never_given_to_labels(reserved):
    assert reserved not in keys_for(labels(*[""] * 60)).values()


def keys_of(project):
    questions = project.questions.order_by("position", "pk").prefetch_related("labels")
    keys = keys_on_page(questions)
    return [[keys[label.pk] for label in question.labels.all()] for question in questions]


def test_questions_that_choose_share_the_first_keys(project):
    make_question(project, "tone", labels=["Calm", "Angry"])

    assert keys_of(project) == [["1", "2", "3"], ["1", "2"]]


def test_no_key_means_two_things_beside_a_question_that_marks(project):
    make_question(project, "names", labels=["Person", "Place"], kind=QuestionKind.SPAN)

    assert keys_of(project) == [["1", "2", "3"], ["4", "5"]]


def test_keys_are_shared_where_there_are_not_enough(project):
    labels = [f"Name {number}" for number in range(28)]
    make_question(project, "names", labels=labels, kind=QuestionKind.SPAN)

    assert keys_of(project)[1][:3] == ["1", "2", "3"]


def test_the_likeliest_have_keys_where_labels_outnumber_keys(project):
    question = make_question(project, "intent", labels=[f"Intent {n}" for n in range(77)])
    question.labels.filter(name="Intent 3").update(hotkey="2")

    keys = keys_of(project)[-1]

    assert not set(keys) & set(PLACES)
    assert keys[:5] == ["6", "7", "8", "9", "a"]
    assert keys[-1] == ""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeling.resolved import majority, resolved_answers
from tests.factories import answer, make_documents

answers = st.lists(st.frozensets(st.integers(1, 4), max_size=3), min_size=1, max_size=7)
A, B, NONE = frozenset({1}), frozenset({2}), frozenset()


@pytest.mark.parametrize(
    ("given_answers", "expected"),
    [
        ([A], A),
        ([A, A, B], A),
        ([A, B], None),
        ([A, A, B, B], None),
        ([NONE, NONE, A], NONE),
        ([], None),
    ],
)
def test_single_choice_needs_a_strict_majority(given_answers, expected):
    assert majority(given_answers, several=False) == expected


@pytest.mark.parametrize(
    ("given_answers", "expected"),
    [
        ([A | B, A], A),
        ([A | B, A, B], A | B),
        ([A, B], None),
        ([NONE, NONE, A], NONE),
        ([A, B, NONE], None),
    ],
)
def test_multiple_choice_counts_each_label(given_answers, expected):
    assert majority(given_answers, several=True) == expected


@given(answers)
def test_a_resolved_label_is_held_by_more_than_half(given_answers):
    for label in majority(given_answers, several=True) or ():
        assert sum(label in labels for labels in given_answers) > len(given_answers) / 2


@given(answers, st.randoms(use_true_random=False))
def test_who_came_first_does_not_matter(given_answers, chance):
    shuffled = list(given_answers)
    chance.shuffle(shuffled)
    for several in (True, False):
        assert majority(given_answers, several=several) == majority(shuffled, several=several)


@pytest.mark.django_db
def test_surplus_answers_stay_outside(project, bob, dora, question):
    [document] = make_documents(project, count=1)
    answer(document, bob, "Refund")
    assert answer(document, dora, "Praise").surplus

    resolved = resolved_answers(project, [document.pk])

    assert resolved == {document.pk: {question.pk: frozenset({pk(question, "Refund")})}}


@pytest.mark.django_db
def test_disagreement_is_unresolved(project, bob, dora):
    project.overlap = 2
    project.save()
    [document] = make_documents(project, count=1)
    answer(document, bob, "Refund")
    answer(document, dora, "Praise")

    assert resolved_answers(project, [document.pk]) == {document.pk: {}}


@pytest.mark.django_db
@pytest.mark.parametrize("count", [1, 3])
def test_resolving_costs_three_queries(project, bob, django_assert_num_queries, count):
    documents = make_documents(project, count=count)
    for document in documents:
        answer(document, bob, "Refund")

    with django_assert_num_queries(3):
        resolved = resolved_answers(project, [document.pk for document in documents])

    assert len(resolved) == count


def pk(question, name):
    return question.labels.get(name=name).pk

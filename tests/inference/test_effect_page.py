from __future__ import annotations

import pytest
from django.urls import reverse

from inference.effect.compared import compared
from inference.effect.page import effect_of
from inference.measuring.measure import what_counts
from inference.models import Measurement, ModelVersion
from projects.models import Question
from tests.bench.annotator import Planted, reserve_answers
from tests.inference.test_model_pages import measurement, version

__all__ = ["version"]

LIST = "/projects/tickets/models/"
NBSP, MINUS = "\N{NO-BREAK SPACE}", "\N{MINUS SIGN}"
NO_DIFFERENCE = "Suggestions make no clear difference to the time:"


def figures_of(question: Question, *people, n: int = 900, planted: Planted | None = None) -> dict:
    """As if these people had answered, with the labels of the question."""
    figures = compared(reserve_answers(1, n, planted or Planted()))
    labels = [label.pk for label in question.labels.all()]
    figures["labels"] = [
        {**row, "id": pk} for row, pk in zip(figures["labels"], labels, strict=False)
    ]
    figures["people"] = [
        {**row, "id": person.pk} for row, person in zip(figures["people"], people, strict=False)
    ]
    return figures


def keep(version: ModelVersion, figures: dict) -> Measurement:
    row = measurement(version, n=40, right=30)
    counts = what_counts(version.question.project)  # so that nothing is measured anew
    row.figures = {**row.figures, **counts, "effect": figures}
    row.save()
    return row


@pytest.mark.parametrize(
    ("low", "value", "high", "sentence"),
    [
        (0.254, 0.314, 0.372, f"Suggestions save 31{NBSP}% of the time, give or take 6."),
        (-0.65, -0.5, -0.35, f"Suggestions cost 50{NBSP}% more time, give or take 15."),
        (-0.1, -0.02, 0.07, f"{NO_DIFFERENCE} between 10{NBSP}% more and 7{NBSP}% less."),
        (0.0, 0.1, 0.2, f"{NO_DIFFERENCE} between 0{NBSP}% more and 20{NBSP}% less."),
    ],
)
def test_a_sentence_says_first_what_it_means(question, low, value, high, sentence):
    figures = figures_of(question)
    figures["seconds"] |= {"low": low, "value": value, "high": high}

    effect = effect_of(question, figures, people=False)
    assert effect.is_enough
    assert effect.sentence == sentence


def test_a_handful_of_answers_are_not_enough(question):
    figures = compared(reserve_answers(1, 40, Planted(skipping=0.0)))

    effect = effect_of(question, figures, people=False)
    assert not effect.is_enough
    assert effect.rows == []
    blind, opened = figures["blind"], figures["open"]
    assert effect.sentence == (
        f"Too early to say what suggestions do: {blind} of 30 answers without suggestions, "
        f"{opened} of 30 with them."
    )


def test_answers_without_a_time_are_not_enough(question):
    figures = {**figures_of(question), "seconds": None}

    assert effect_of(question, figures, people=False).sentence.endswith(
        "too few answers have a time."
    )


def test_both_arms_stand_beside_their_difference(question):
    figures = {
        **figures_of(question),
        "seconds": {"value": 0.31, "low": 0.25, "high": 0.37, "blind": 14.24, "open": 9.81},
        "agreement": {"value": 0.06, "low": 0.01, "high": 0.11, "blind": 0.8, "open": 0.86},
        "skipped": {"value": -0.001, "low": -0.016, "high": 0.0, "blind": 0.024, "open": 0.023},
        "unwanted": None,
    }

    rows = effect_of(question, figures, people=False).rows
    assert [
        (row.blind, row.open, row.difference.text, row.difference.interval) for row in rows
    ] == [
        ("14.2", "9.8", f"{MINUS}31{NBSP}%", f"{MINUS}37 to {MINUS}25"),
        (f"80.0{NBSP}%", f"86.0{NBSP}%", "+6.0", "+1.0 to +11.0"),
        (f"2.4{NBSP}%", f"2.3{NBSP}%", f"{MINUS}0.1", f"{MINUS}1.6 to 0.0"),
        ("", "", "", ""),
    ]


def test_the_page_leads_with_what_suggestions_do(client_of, version, bob, question):
    figures = figures_of(question)
    figures["seconds"] |= {"low": 0.28, "value": 0.34, "high": 0.4}
    keep(version, figures)

    page = client_of(bob).get(LIST).text
    assert f"<h1>Suggestions save 34{NBSP}% of the time, give or take 6.</h1>" in page
    assert f"The model is right on 75{NBSP}% of documents nobody saw its answer for" in page
    assert "Label by label" in page


def test_only_owners_see_person_by_person(client_of, version, question, alice, bob, rita):
    keep(version, figures_of(question, bob))

    assert "Person by person" in client_of(alice).get(LIST).text
    for other in (bob, rita):
        assert "Person by person" not in client_of(other).get(LIST).text


def test_an_owner_hides_a_label_that_misleads_and_takes_it_back(
    client_of, version, question, alice, bob
):
    refund = question.labels.get(name="Refund")
    keep(version, {**figures_of(question), "misleading": [refund.pk]})
    owner = client_of(alice)
    action = reverse("change_suggestions", args=["tickets", refund.pk])
    assert action not in client_of(bob).get(LIST).text
    page = owner.get(LIST).text
    assert "“<bdi>Refund</bdi>” misleads" in page

    after = owner.post(action, {"hide": "1", "back": f"{LIST}?question=topic"}, follow=True).text
    assert "misleads" not in after
    assert "“<bdi>Refund</bdi>” is suggested to nobody" in after
    after = owner.post(action, {"hide": "0", "back": LIST}, follow=True).text
    assert "“<bdi>Refund</bdi>” misleads" in after


def test_a_measurement_without_it_has_nothing_to_say_of_people(client_of, version, alice):
    row = measurement(version, n=40, right=30)
    row.figures.pop("effect", None)
    row.save()

    assert "What suggestions do to people" not in client_of(alice).get(LIST).text


@pytest.mark.parametrize("count", [1, 3])
def test_a_row_for_each_label_and_person_costs_no_query_of_its_own(
    question, alice, bob, rita, count, django_assert_num_queries
):
    figures = figures_of(question, *[alice, bob, rita][:count])
    figures["labels"] = figures["labels"][:count]
    asked = Question.objects.prefetch_related("labels").get(pk=question.pk)

    with django_assert_num_queries(1):
        effect = effect_of(asked, figures, people=True)
    assert (len(effect.labels), len(effect.people)) == (count, count)


def test_labels_and_people_that_are_gone_have_no_row(question, bob):
    figures = figures_of(question, bob)
    figures["labels"][0]["id"] = figures["people"][0]["id"] = 10**9
    figures["misleading"] = [10**9]

    effect = effect_of(question, figures, people=True)
    assert len(effect.labels) == len(figures["labels"]) - 1
    assert effect.people == effect.misleading == []

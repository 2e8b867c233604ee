from __future__ import annotations

import logging

import pytest
from django.urls import reverse

from projects.hide_suggestions import hide_suggestions
from projects.models import Label


@pytest.fixture
def refund(question) -> Label:
    return question.labels.get(name="Refund")


def test_hiding_twice_changes_once_and_can_be_taken_back(refund, alice, caplog):
    caplog.set_level(logging.INFO, "projects.hide_suggestions")

    assert hide_suggestions(label=refund, hide=True, by=alice)
    assert not hide_suggestions(label=refund, hide=True, by=alice)
    refund.refresh_from_db()
    assert refund.hide_suggestions
    assert [record.message for record in caplog.records] == ["suggestions hidden"]
    assert hide_suggestions(label=refund, hide=False, by=alice)
    refund.refresh_from_db()
    assert not refund.hide_suggestions


def test_the_owner_comes_back_to_where_the_button_was(project, refund, alice, client_of):
    url = reverse("change_suggestions", args=[project.slug, refund.pk])
    back = "/projects/tickets/models/?question=topic"

    response = client_of(alice).post(url, {"hide": "1", "back": back})
    assert response.url == back
    refund.refresh_from_db()
    assert refund.hide_suggestions


@pytest.mark.parametrize("back", ["", "https://elsewhere.example/", "//elsewhere.example"])
def test_nobody_is_sent_elsewhere(project, question, refund, alice, client_of, back):
    url = reverse("change_suggestions", args=[project.slug, refund.pk])

    response = client_of(alice).post(url, {"hide": "0", "back": back})
    assert response.url == reverse("labels", args=[project.slug]) + f"#question-{question.pk}"


def test_the_labels_page_says_what_is_not_suggested_and_offers_the_way_back(
    project, refund, alice, client_of
):
    hide_suggestions(label=refund, hide=True, by=alice)

    page = client_of(alice).get(reverse("labels", args=[project.slug]), {"edit": refund.pk})
    assert "Suggest it again" in page.text
    page = client_of(alice).get(reverse("labels", args=[project.slug]))
    assert page.text.count("not suggested") == 1

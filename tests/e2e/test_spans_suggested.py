"""What the model suggests in a text: an offer that is taken, changed or dismissed."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.e2e.line import page_with_line
from tests.e2e.screen import expect_button, expect_state, wait_for_document
from tests.e2e.spans import (
    ENTITIES,
    EXPOSURE,
    expect_marked,
    expect_note,
    saved_spans,
    suggest_spans,
)

OBAMA = "Barack Obama met Merkel in Berlin."
OFFERS = [("Barack Obama", 0, 0.91), ("Merkel", 0, 0.7), ("Berlin", 1, 0.62)]
PLACES = """[...document.querySelectorAll('.text, .choice, .foot, .guidelines, #rule')]
  .map(one => JSON.stringify(one.getBoundingClientRect()))"""


@pytest.fixture
def suggested(world):
    world.seed(OBAMA, "two", questions=[ENTITIES], guidelines="Mark every name.")
    page, line = page_with_line(world)
    wait_for_document(page, world.documents[0])
    expect_button(page, "Nothing to mark, next")
    before = page.evaluate(PLACES)
    suggest_spans(page, line, *OFFERS, document=world.documents[0])
    expect(page.locator(".ink-mark.offer")).to_have_count(3)
    assert page.evaluate(PLACES) == before
    return page, line


def test_offers_are_drawn_and_said_and_nothing_is_filled_in(suggested):
    page, _ = suggested

    expect_note(page, "3 suggestions in the text")
    expect(page.locator(".ink-mark.offer .ink-name")).to_have_text(
        ["Person 91", "Person 70", "Place 62"]
    )
    expect(page.locator("input[name=painted]").first).to_have_value(EXPOSURE)
    expect_marked(page)


def test_enter_accepts_everything_offered(world, suggested):
    page, _ = suggested
    expect_button(page, "Accept and next")
    expect(page.locator("#go")).to_have_attribute("aria-disabled", "false")

    page.keyboard.press("Enter")

    wait_for_document(page, world.documents[1])
    assert [quote for *_, quote in saved_spans(world)] == ["Barack Obama", "Merkel", "Berlin"]


def test_each_offer_is_accepted_changed_or_dismissed_by_one_key(world, suggested):
    page, _ = suggested

    page.keyboard.press("Tab")
    expect_note(page, "“Barack Obama”, suggested Person, 91 %, 1 of 3")
    page.keyboard.press("Space")
    page.keyboard.press("3")
    page.keyboard.press("Tab")
    page.keyboard.press("Backspace")

    expect_marked(page, ("Barack Obama", "Person"), ("Merkel", "Company"))
    expect(page.locator(".ink-mark.offer")).to_have_count(0)
    expect_button(page, "Submit and next")


def test_what_is_left_suggested_is_named_before_it_is_left(world, suggested):
    page, _ = suggested
    page.keyboard.press("Tab")
    page.keyboard.press("2")
    expect_button(page, "Submit, leave 2 suggested")

    page.keyboard.press("Enter")

    wait_for_document(page, world.documents[1])
    assert [quote for *_, quote in saved_spans(world)] == ["Barack Obama"]


def test_space_takes_the_rest_and_undo_gives_it_back(suggested):
    page, _ = suggested
    expect(page.locator("#go")).to_have_attribute("aria-disabled", "false")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("2")
    expect_marked(page, ("Barack", "Place"))
    expect(page.locator(".ink-mark.offer")).to_have_count(2)

    page.keyboard.press("Space")
    expect_marked(page, ("Barack", "Place"), ("Merkel", "Person"), ("Berlin", "Place"))
    page.keyboard.press("Control+z")

    expect_marked(page, ("Barack", "Place"))
    expect(page.locator(".ink-mark.offer")).to_have_count(2)


def test_all_offers_are_dismissed_by_one_key(suggested):
    page, _ = suggested

    page.keyboard.press("Shift+Backspace")

    expect(page.locator(".ink-mark")).to_have_count(0)
    expect_button(page, "Nothing to mark, next")


def test_the_list_accepts_and_dismisses_too(suggested):
    page, _ = suggested

    page.get_by_role("button", name="Accept Merkel, Person").click()
    page.get_by_role("button", name="Dismiss Berlin, Place").click()

    expect_marked(page, ("Merkel", "Person"))
    expect(page.locator(".ink-mark.offer")).to_have_count(1)


def test_a_document_that_was_started_is_left_alone(world):
    world.seed(OBAMA, questions=[ENTITIES])
    page, line = page_with_line(world)
    wait_for_document(page, world.documents[0])
    page.keyboard.press("ArrowRight")
    page.keyboard.press("1")

    suggest_spans(page, line, *OFFERS, document=world.documents[0])
    line.say(type="engine", state="warming")
    expect_state(page, "warming up")

    expect(page.locator(".ink-mark.offer")).to_have_count(0)
    expect(page.locator("input[name=painted]").first).to_have_value("")


def test_an_empty_suggestion_leaves_the_page_as_it_was(world):
    world.seed(OBAMA, questions=[ENTITIES])
    page, line = page_with_line(world)
    wait_for_document(page, world.documents[0])
    page.wait_for_timeout(300)
    before = page.locator("#sheet").inner_html()

    suggest_spans(page, line, document=world.documents[0])
    line.say(type="engine", state="ready")
    expect_state(page, "Learning, v1.7")

    assert page.locator("#sheet").inner_html() == before

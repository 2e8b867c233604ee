"""Marking parts of a text without touching a mouse."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.e2e.line import page_with_line
from tests.e2e.screen import expect_button, expect_picked, wait_for_document
from tests.e2e.spans import (
    ENTITIES,
    NAMES,
    expect_marked,
    expect_note,
    marked,
    saved_spans,
)

OBAMA = "Barack Obama met Merkel in Berlin."


def press(page, *keys):
    for key in keys:
        page.keyboard.press(key)


def test_several_documents_are_marked_without_a_mouse(world):
    world.seed(OBAMA, "Nobody went anywhere.", "Rome, then Oslo 😀!", questions=[ENTITIES])
    page, _ = page_with_line(world)
    wait_for_document(page, world.documents[0])

    press(page, "ArrowRight", "Shift+ArrowRight", "1")
    press(page, "ArrowRight", "ArrowRight", "1", "ArrowRight", "ArrowRight", "2")
    expect_marked(page, ("Barack Obama", "Person"), ("Merkel", "Person"), ("Berlin", "Place"))
    expect_note(page, "Marked “Berlin” as Place")
    expect_button(page, "Submit and next")
    press(page, "Enter")

    wait_for_document(page, world.documents[1])
    expect_button(page, "Nothing to mark, next")
    expect(page.locator("#go")).to_have_attribute("aria-disabled", "false")
    press(page, "Enter")

    wait_for_document(page, world.documents[2])
    press(page, "ArrowRight", "2", "ArrowRight", "ArrowRight", "2", "ArrowRight", "3", "Enter")
    expect(page.get_by_role("heading", name="All done")).to_be_visible()

    assert saved_spans(world) == [
        (world.documents[0], "Person", 0, 12, "Barack Obama"),
        (world.documents[0], "Person", 17, 23, "Merkel"),
        (world.documents[0], "Place", 27, 33, "Berlin"),
        (world.documents[2], "Place", 0, 4, "Rome"),
        (world.documents[2], "Place", 11, 15, "Oslo"),
        (world.documents[2], "Company", 16, 17, "😀"),
    ]


def test_a_selection_grows_and_shrinks_by_word_and_by_character(world):
    world.seed(OBAMA, questions=[ENTITIES])
    page, _ = page_with_line(world)
    wait_for_document(page, world.documents[0])
    chosen = lambda: page.evaluate("getSelection().toString()")  # noqa: E731

    press(page, "ArrowRight", "ArrowRight", "Shift+ArrowRight")
    assert chosen() == "Obama met"
    press(page, "Shift+ArrowLeft", "Shift+ArrowLeft")
    assert chosen() == "Barack Obama"
    press(page, "Control+Shift+ArrowRight")
    assert chosen() == "arack Obama"
    press(page, "ArrowRight", "Alt+Shift+ArrowLeft")
    assert chosen() == "me"
    press(page, "Control+ArrowRight")
    assert chosen() == "t"


def test_the_cursor_goes_up_and_down_by_line(world):
    world.seed("Rome is far\nOslo was near\n", questions=[ENTITIES])
    page, _ = page_with_line(world)
    wait_for_document(page, world.documents[0])

    press(page, "ArrowRight", "ArrowDown", "2", "ArrowUp", "2")

    expect_marked(page, ("Rome", "Place"), ("Oslo", "Place"))


def test_a_mark_is_renamed_resized_and_removed_by_keys(world):
    world.seed(OBAMA, questions=[ENTITIES])
    page, _ = page_with_line(world)
    wait_for_document(page, world.documents[0])
    press(page, "ArrowRight", "1", "ArrowRight", "ArrowRight", "ArrowRight", "1", "ArrowRight")

    press(page, "Shift+Tab")
    expect(page.locator("#ink .current")).to_have_count(1)
    expect_note(page, "“Merkel”, Person, 2 of 2")
    press(page, "3", "Shift+ArrowRight", "Control+Shift+ArrowRight")
    expect_marked(page, ("Barack", "Person"), ("Merkel in ", "Company"))
    press(page, "Shift+ArrowUp", "Control+Shift+ArrowDown")
    expect_marked(page, ("Barack", "Person"), ("et Merkel in ", "Company"))

    press(page, "Shift+Tab", "Backspace")
    expect_marked(page, ("et Merkel in ", "Company"))
    expect_note(page, "Removed “Barack”, Person")


def test_undo_goes_back_through_marks_and_then_to_the_last_answer(world):
    world.seed("Rome", OBAMA, questions=[ENTITIES])
    page, _ = page_with_line(world)
    wait_for_document(page, world.documents[0])
    press(page, "ArrowRight", "2", "Enter")
    wait_for_document(page, world.documents[1])
    press(page, "ArrowRight", "1", "ArrowRight", "2")
    expect_marked(page, ("Barack", "Person"), ("Obama", "Place"))

    press(page, "Control+z")
    expect_marked(page, ("Barack", "Person"))
    press(page, "z")
    expect_marked(page)
    press(page, "Control+z")

    wait_for_document(page, world.documents[0])
    expect_marked(page, ("Rome", "Place"))
    assert world.events() == ["create", "undo"]


def test_another_key_right_after_a_mark_puts_a_slip_right(world):
    world.seed(OBAMA, questions=[ENTITIES])
    page, _ = page_with_line(world)
    wait_for_document(page, world.documents[0])

    press(page, "ArrowRight", "3", "1", "Shift+ArrowRight", "ArrowRight", "2")
    expect_marked(page, ("Barack Obama", "Person"), ("met", "Place"))
    press(page, "Backspace")

    expect_marked(page, ("Barack Obama", "Person"))


def test_overlap_is_refused_in_words_unless_the_question_allows_it(world):
    world.seed(OBAMA, questions=[ENTITIES])
    page, _ = page_with_line(world)
    wait_for_document(page, world.documents[0])
    press(page, "ArrowRight", "Shift+ArrowRight", "1", "ArrowLeft", "2")

    expect_note(page, "“Barack Obama” is Person already, and marks may not overlap here.")
    expect(page.locator(".ink-note")).to_be_visible()
    expect_marked(page, ("Barack Obama", "Person"))


def test_marks_lie_over_each_other_where_the_question_allows_it(world):
    world.seed(OBAMA, "two", questions=[NAMES])
    page, _ = page_with_line(world)
    wait_for_document(page, world.documents[0])
    press(page, "ArrowRight", "Shift+ArrowRight", "1", "ArrowLeft", "2", "ArrowLeft", "3")

    expect_marked(page, ("Barack Obama", "Person"), ("Obama", "Place"), ("Obama", "Company"))
    levels = page.locator(".ink-mark").evaluate_all(
        "all => all.map(one => one.style.getPropertyValue('--level'))"
    )
    assert sorted(levels) == ["0", "1", "2"]
    press(page, "Enter")
    wait_for_document(page, world.documents[1])
    assert len(saved_spans(world)) == 3


def test_keys_of_two_kinds_of_questions_do_not_collide(world):
    tone = {"name": "tone", "labels": ["Calm", "Angry"]}
    world.seed(OBAMA, "two", questions=[tone, ENTITIES])
    page, _ = page_with_line(world)
    wait_for_document(page, world.documents[0])
    keys = [one.get_attribute("data-key") for one in page.locator("[data-key]").all()]
    assert len(set(keys[:5])) == 5

    press(page, "ArrowRight", "3", "2", "ArrowRight", "5")
    expect_marked(page, ("Barack", "Person"), ("Obama", "Company"))
    expect_picked(page, "Angry")
    press(page, "Enter")

    wait_for_document(page, world.documents[1])
    assert [label for _, label in world.answered()] == ["Angry", "Person", "Company"]


def test_one_key_turns_to_the_other_question_where_labels_share_keys(world):
    many = {"name": "topic", "labels": [f"Topic {n}" for n in range(27)]}
    world.seed(OBAMA, questions=[many, ENTITIES])
    page, _ = page_with_line(world)
    wait_for_document(page, world.documents[0])
    press(page, "ArrowRight", "1")
    expect_picked(page, "Topic 0")

    press(page, "q")
    expect(page.locator(".question.active .question-name")).to_have_text("Topic")
    press(page, "q")
    expect(page.locator(".question.active .question-name")).to_have_text("Entities")
    press(page, "1")

    expect_marked(page, ("Barack", "Person"))


def test_tab_leaves_the_text_when_there_is_no_mark_to_go_to(world):
    world.seed(OBAMA, questions=[ENTITIES])
    page, _ = page_with_line(world)
    wait_for_document(page, world.documents[0])
    page.locator("#text").focus()
    press(page, "ArrowRight", "1")
    expect(page.locator("#ink .current")).to_have_count(1)

    press(page, "Tab")

    expect(page.locator("#text")).not_to_be_focused()


def test_a_required_question_wants_a_mark(world):
    world.seed(OBAMA, questions=[{**ENTITIES, "required": True}])
    page, _ = page_with_line(world)
    wait_for_document(page, world.documents[0])
    expect_button(page, "Mark something")

    press(page, "Enter")

    expect_note(page, "Mark something first")
    assert world.events() == []
    assert marked(page) == []


def test_the_list_beside_the_text_leads_to_marks_and_removes_them(world):
    world.seed(OBAMA, questions=[ENTITIES])
    page, _ = page_with_line(world)
    wait_for_document(page, world.documents[0])
    press(page, "ArrowRight", "1", "ArrowRight", "ArrowRight", "ArrowRight", "1")

    page.get_by_role("button", name="Remove Barack, Person").focus()
    press(page, "Enter")
    expect_marked(page, ("Merkel", "Person"))
    page.locator(".mark-go").click()
    press(page, "2")

    expect_marked(page, ("Merkel", "Place"))


def test_marks_come_back_after_a_reload_and_when_the_answer_is_opened_again(world):
    world.seed(OBAMA, "two", questions=[ENTITIES])
    page, _ = page_with_line(world)
    wait_for_document(page, world.documents[0])
    with page.expect_response("**/draft"):
        press(page, "ArrowRight", "1")

    page.reload()
    wait_for_document(page, world.documents[0])
    expect_marked(page, ("Barack", "Person"))
    press(page, "ArrowRight", "ArrowRight", "3", "Enter")
    wait_for_document(page, world.documents[1])

    page.get_by_role("link", name="Person, Company: Barack").click()
    wait_for_document(page, world.documents[0])
    expect_marked(page, ("Barack", "Person"), ("Obama", "Company"))
    press(page, "Tab", "Backspace")
    expect_button(page, "Save the change")
    press(page, "Enter")

    wait_for_document(page, world.documents[1])
    assert saved_spans(world) == [(world.documents[0], "Company", 7, 12, "Obama")]
    assert world.events() == ["create", "revise"]


def test_a_draft_that_never_left_the_browser_keeps_its_marks(world):
    world.seed(OBAMA, questions=[ENTITIES])
    page, _ = page_with_line(world)
    wait_for_document(page, world.documents[0])
    page.route("**/draft", lambda route: route.abort())
    world.expect_console("ERR_FAILED")
    press(page, "ArrowRight", "1")
    expect_marked(page, ("Barack", "Person"))

    page.reload()

    wait_for_document(page, world.documents[0])
    expect_marked(page, ("Barack", "Person"))

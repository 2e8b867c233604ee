from __future__ import annotations

from playwright.sync_api import expect

from tests.e2e.line import page_with_line
from tests.e2e.screen import (
    expect_button,
    expect_picked,
    expect_saved,
    wait_for_document,
    wait_for_suggestion,
)

MANY = [f"Card matter number {number}" for number in range(1, 31)]


def test_ten_documents_are_answered_without_a_mouse(world):
    world.seed(*[f"Message {number}" for number in range(10)])
    page = world.labelling()

    for number, document in enumerate(world.documents):
        wait_for_document(page, document)
        page.keyboard.press(str(number % 3 + 1))
        expect_button(page, "Submit and next")
        page.keyboard.press("Enter")

    expect(page.get_by_role("heading", name="All done")).to_be_visible()
    labels = ["Refund", "Late delivery", "Praise"]
    assert world.answered() == [
        (document, labels[number % 3]) for number, document in enumerate(world.documents)
    ]


def test_a_suggestion_is_accepted_by_one_key(world):
    world.seed()
    page = world.labelling()
    wait_for_suggestion(page, "Refund")
    expect_button(page, "Accept and next")
    expect(page.locator("#said")).to_contain_text("Suggested: Refund")

    page.keyboard.press("Enter")

    wait_for_document(page, world.documents[1])
    assert world.answered() == [(world.documents[0], "Refund")]
    origins = world.server.rows(
        """select w.origin, w.model_version <> '' from labeling_answer w
           join labeling_annotation a on a.id = w.annotation_id where a.document_id = ?""",
        world.documents[0],
    )
    assert origins == [("accepted", 1)]


def test_space_takes_the_suggestion_without_submitting(world):
    world.seed()
    page = world.labelling()
    wait_for_suggestion(page, "Refund")

    page.keyboard.press("Space")

    expect_picked(page, "Refund")
    expect_button(page, "Submit and next")
    assert world.answered() == []


def test_enter_without_a_pick_or_suggestion_submits_nothing(world):
    world.seed("one", "two")
    page, _ = page_with_line(world)
    wait_for_document(page, world.documents[0])
    expect_button(page, "Pick a label")

    page.keyboard.press("Enter")

    expect(page.locator("#said")).to_contain_text("Pick a label first")
    assert world.events() == []


def test_the_same_key_and_escape_take_a_pick_back(world):
    world.seed("one", "two")
    page, _ = page_with_line(world)

    page.keyboard.press("2")
    expect_picked(page, "Late delivery")
    page.keyboard.press("2")
    expect_picked(page)
    page.keyboard.press("3")
    page.keyboard.press("Escape")

    expect_picked(page)


def test_undo_brings_the_document_back_with_its_answer(world):
    world.seed("one", "two")
    page = world.labelling()
    wait_for_document(page, world.documents[0])
    page.keyboard.press("3")
    page.keyboard.press("Enter")
    wait_for_document(page, world.documents[1])

    page.keyboard.press("z")

    wait_for_document(page, world.documents[0])
    expect_picked(page, "Praise")
    expect(page.locator(".reading .notice")).to_contain_text("Undone")
    assert world.answered() == []
    assert world.events() == ["create", "undo"]


def test_skip_asks_for_a_reason_and_takes_it_by_key(world):
    world.seed("one", "two")
    page = world.labelling()
    wait_for_document(page, world.documents[0])

    page.keyboard.press("s")
    expect(page.get_by_role("dialog", name="Why skip this one?")).to_be_visible()
    page.keyboard.press("3")
    page.keyboard.press("Enter")

    wait_for_document(page, world.documents[1])
    expect_saved(page)
    (payload,) = world.server.rows(
        "select payload from labeling_event where document_id = ?", world.documents[0]
    )
    assert '"reason": "broken"' in payload[0]


def test_a_long_list_is_filtered_by_typing(world):
    world.seed("one", "two", questions=[{"labels": MANY}])
    page = world.labelling()
    wait_for_document(page, world.documents[0])

    page.keyboard.press("/")
    page.keyboard.type("number 27")
    expect(page.locator(".choices .choice:visible")).to_have_count(1)
    page.keyboard.press("Enter")
    expect_picked(page, "Card matter number 27")
    page.keyboard.press("Enter")

    wait_for_document(page, world.documents[1])
    assert world.answered() == [(world.documents[0], "Card matter number 27")]


def test_keys_fill_one_question_after_the_other(world):
    world.seed(
        "one",
        "two",
        questions=[
            {"name": "topic"},
            {"name": "tone", "labels": ["Calm", "Angry"]},
            {"name": "also", "labels": ["Fax", "Mail"], "multiple": True, "required": False},
        ],
    )
    page = world.labelling()
    wait_for_document(page, world.documents[0])

    for key in "2212":
        page.keyboard.press(key)
    expect_picked(page, "Late delivery", "Angry", "Fax", "Mail")
    page.keyboard.press("Enter")

    wait_for_document(page, world.documents[1])
    assert [label for _, label in world.answered()] == ["Late delivery", "Angry", "Fax", "Mail"]


def test_the_key_sheet_opens_and_closes(world):
    world.seed()
    page = world.labelling()

    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")

    expect(page.get_by_role("dialog", name="Keys")).to_be_hidden()


def test_an_optional_question_is_left_empty_only_on_purpose(world):
    world.seed("one", "two", questions=[{"required": False}])
    page, _ = page_with_line(world)
    wait_for_document(page, world.documents[0])

    page.keyboard.press("Enter")
    expect(page.locator("#said")).to_contain_text("Pick a label first")
    assert world.events() == []
    page.keyboard.press("0")
    page.keyboard.press("Enter")

    wait_for_document(page, world.documents[1])
    assert world.answered() == [(world.documents[0], "")]

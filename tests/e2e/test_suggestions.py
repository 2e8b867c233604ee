from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.e2e.line import page_with_line
from tests.e2e.screen import expect_button, expect_picked, expect_state, wait_for_document


def offered(page: Page):
    return page.locator(".choices .choice[data-offered] .name")


def test_it_asks_for_what_is_on_screen_and_paints_bars_and_figures(world):
    world.seed("one", "two")
    page, line = page_with_line(world)
    wait_for_document(page, world.documents[0])
    expect_state(page, "Connected")

    line.suggest(page, 0.22, 0.71, 0.07, document=world.documents[0], exposure="e1")

    expect(offered(page)).to_have_text("Late delivery")
    expect(page.locator(".choices .share")).to_have_text(["22 %", "71 %", "7 %"])
    expect(page.locator("input[name=painted]").first).to_have_value("e1")
    assert line.opened == [world.documents[0]]
    expect_picked(page)


def test_nothing_moves_when_a_suggestion_arrives(world):
    world.seed("one", "two", guidelines="Choose what the person asks for.")
    page, line = page_with_line(world)
    wait_for_document(page, world.documents[0])
    parts = page.locator(".choice, .text, .guidelines, #go")
    boxes = [one.bounding_box() for one in parts.all()]

    line.suggest(page, 0.2, 0.1, 0.7, document=world.documents[0], exposure="e1")
    expect(offered(page)).to_have_text("Praise")

    assert [one.bounding_box() for one in parts.all()] == boxes


def test_an_answer_that_was_started_is_left_alone_until_somebody_asks(world):
    world.seed("one", "two")
    page, line = page_with_line(world)
    wait_for_document(page, world.documents[0])
    page.keyboard.press("1")
    sign = page.locator("#newer")
    expect(sign).to_be_hidden()

    line.suggest(page, 0.1, 0.8, 0.1, document=world.documents[0], exposure="late")

    expect(sign).to_contain_text("A suggestion is there")
    expect(page.locator("#said")).to_have_text("A suggestion is there. Press U to see it.")
    expect(offered(page)).to_have_count(0)
    expect(page.locator("#answer input[name=painted]")).to_have_value("")
    expect_picked(page, "Refund")

    page.keyboard.press("u")

    expect(offered(page)).to_have_text("Late delivery")
    expect(page.locator("#answer input[name=painted]")).to_have_value("late")
    expect_picked(page, "Refund")
    expect(sign).to_be_hidden()


def test_a_newer_suggestion_replaces_the_older_until_an_answer_is_started(world):
    world.seed("one", "two")
    page, line = page_with_line(world)
    document = world.documents[0]
    wait_for_document(page, document)
    line.suggest(page, 0.7, 0.2, 0.1, document=document, exposure="e1")
    expect(offered(page)).to_have_text("Refund")

    line.suggest(page, 0.2, 0.7, 0.1, document=document, exposure="e2")
    expect(offered(page)).to_have_text("Late delivery")
    expect(page.locator("#newer")).to_be_hidden()
    page.keyboard.press("1")
    line.suggest(page, 0.1, 0.2, 0.7, document=document, exposure="e3")

    expect(page.locator("#newer")).to_contain_text("A newer suggestion is there")
    expect(offered(page)).to_have_text("Late delivery")
    expect(page.locator("#answer input[name=painted]")).to_have_value("e1,e2")


def test_the_same_again_or_an_abstention_is_no_news_to_somebody_who_answers(world):
    world.seed("one", "two")
    page, line = page_with_line(world)
    document = world.documents[0]
    wait_for_document(page, document)
    line.suggest(page, 0.7, 0.2, 0.1, document=document, exposure="e1")
    expect(offered(page)).to_have_text("Refund")
    page.keyboard.press("1")

    line.suggest(page, 0.7, 0.2, 0.1, document=document, exposure="again")
    line.suggest(page, document=document, exposure="nothing")
    line.say(type="learned", question=1, model={"name": "topic", "version": "1.8"})
    expect_state(page, "Learning, v1.8")

    expect(page.locator("#newer")).to_be_hidden()


def test_what_waited_is_gone_with_its_document(world):
    world.seed("one", "two")
    page, line = page_with_line(world)
    wait_for_document(page, world.documents[0])
    page.keyboard.press("1")
    line.suggest(page, 0.1, 0.8, 0.1, document=world.documents[0], exposure="late")
    expect(page.locator("#newer")).to_be_visible()

    page.keyboard.press("Enter")
    wait_for_document(page, world.documents[1])

    expect(page.locator("#newer")).to_be_hidden()
    page.keyboard.press("u")
    expect(offered(page)).to_have_count(0)


def test_a_suggestion_for_a_document_to_come_waits_for_it(world):
    world.seed("one", "two")
    page, line = page_with_line(world)
    wait_for_document(page, world.documents[0])
    line.suggest(page, 0.1, 0.1, 0.8, document=world.documents[1], exposure="early")
    page.keyboard.press("1")
    page.keyboard.press("Enter")

    wait_for_document(page, world.documents[1])

    expect(offered(page)).to_have_text("Praise")
    expect(page.locator("#answer input[name=painted]")).to_have_value("early")


def test_an_empty_suggestion_leaves_the_list_plain(world):
    world.seed("one", "two")
    page, line = page_with_line(world)
    wait_for_document(page, world.documents[0])

    line.suggest(page, document=world.documents[0], exposure="blind")
    line.say(type="engine", state="ready")
    expect_state(page, "Learning, v1.7")

    expect(page.locator(".choice[data-share]")).to_have_count(0)
    expect(page.locator("#answer input[name=painted]")).to_have_value("")
    expect_button(page, "Pick a label")


def test_the_state_says_when_suggestions_are_unavailable(world):
    world.seed("one", "two")
    page, line = page_with_line(world)
    wait_for_document(page, world.documents[0])

    line.say(type="engine", state="unavailable")

    expect_state(page, "Suggestions unavailable")
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    wait_for_document(page, world.documents[1])


def test_the_likeliest_of_many_labels_stand_on_top(world):
    world.seed("one", "two", questions=[{"labels": [f"Label {n}" for n in range(20)]}])
    page, line = page_with_line(world)
    wait_for_document(page, world.documents[0])

    line.suggest(page, *[0.01] * 17, 0.2, 0.1, 0.6, document=world.documents[0], exposure="e1")
    expect(page.locator(".picks .name")).to_have_text(
        ["Label 19", "Label 17", "Label 18", "Label 16", "Label 15"]
    )
    page.locator(".picks .choice").nth(1).click()

    expect_picked(page, "Label 17")


def test_an_answer_in_one_browser_makes_the_suggestion_in_another_better(world):
    texts = ["The parcel never came", "The parcel never came either", "Another"]
    world.seed(*texts)
    bob, dora = world.labelling("bob"), world.labelling("dora")
    wait_for_document(bob, world.documents[0])
    wait_for_document(dora, world.documents[1])
    expect_state(dora, "Learning, v1.0")
    before = dora.locator(".choices .share").all_inner_texts()

    bob.keyboard.press("2")
    bob.keyboard.press("Enter")
    wait_for_document(bob, world.documents[2])

    expect(dora.locator(".choices .share")).not_to_have_text(before)
    expect(dora.locator("#state")).not_to_contain_text("v1.0")
    expect_picked(dora)
    assert dora.locator("#sheet").get_attribute("data-document") == str(world.documents[1])

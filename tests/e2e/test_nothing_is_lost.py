from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.screen import (
    document_on,
    expect_picked,
    expect_saved,
    expect_state,
    wait_for_document,
    wait_for_suggestion,
)

OFFLINE = ("Failed to load resource", "WebSocket connection", "Connection closed", "htmx:", "net::")


@pytest.fixture
def outage(server, world):
    """Takes the server down; it is up again when the test ends, whatever happens."""
    world.expect_console(*OFFLINE)
    yield server.stop
    if not server.answers():
        server.start()


def outbox_of(page: Page) -> str:
    return page.evaluate("Object.keys(localStorage).filter(k => k.includes('outbox')).join()")


def test_an_answer_given_while_the_server_is_down_arrives_when_it_is_back(world, server, outage):
    world.seed("one", "two")
    page = world.labelling()
    wait_for_document(page, world.documents[0])
    expect_state(page, "Learning, v")

    outage()
    expect_state(page, "Not connected")
    page.keyboard.press("2")
    page.keyboard.press("Enter")
    expect_saved(page, "Saved here, will be sent")
    assert outbox_of(page)
    server.start()

    wait_for_document(page, world.documents[1])
    expect_saved(page)
    expect_state(page, "Learning, v")
    assert world.answered() == [(world.documents[0], "Late delivery")]
    assert outbox_of(page) == ""


def test_an_answer_outlives_the_page_that_gave_it(world, server, outage):
    world.seed("one", "two")
    page = world.labelling()
    wait_for_document(page, world.documents[0])
    outage()
    page.keyboard.press("3")
    page.keyboard.press("Enter")
    expect_saved(page, "Saved here, will be sent")
    page.close()
    server.start()

    page = page.context.new_page()
    page.goto(world.label_url)

    wait_for_document(page, world.documents[1])
    assert world.answered() == [(world.documents[0], "Praise")]


def test_picks_come_back_after_a_reload(world):
    world.seed("one", "two")
    page = world.labelling()
    wait_for_document(page, world.documents[0])
    with page.expect_response(lambda response: response.url.endswith("/draft")):
        page.keyboard.press("3")

    page.reload()
    expect_picked(page, "Praise")
    page.evaluate("localStorage.clear()")
    page.reload()

    expect_picked(page, "Praise")
    assert world.answered() == []


def test_a_double_click_submits_once_and_leaves_the_next_document_alone(world):
    world.seed()
    page = world.labelling()
    wait_for_suggestion(page, "Refund")

    page.locator("#go").dblclick()

    wait_for_document(page, world.documents[1])
    wait_for_suggestion(page, "Praise")
    assert world.answered() == [(world.documents[0], "Refund")]
    assert world.events() == ["create"]


def test_enter_hit_twice_accepts_once(world):
    world.seed()
    page = world.labelling()
    wait_for_suggestion(page, "Refund")

    page.keyboard.press("Enter")
    page.keyboard.press("Enter")

    wait_for_document(page, world.documents[1])
    wait_for_suggestion(page, "Praise")
    assert world.events() == ["create"]


def test_the_back_button_repeats_nothing(world):
    world.seed("one", "two", "three")
    page = world.labelling()
    wait_for_document(page, world.documents[0])
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    wait_for_document(page, world.documents[1])
    page.goto(f"{world.server.url}/projects/{world.slug}/")

    page.go_back()
    wait_for_document(page, world.documents[1])
    page.keyboard.press("2")
    page.keyboard.press("Enter")
    wait_for_document(page, world.documents[2])

    assert world.answered() == [
        (world.documents[0], "Refund"),
        (world.documents[1], "Late delivery"),
    ]
    assert world.events() == ["create", "create"]


def test_an_expired_sign_in_keeps_the_answer_until_the_person_is_back(world):
    world.seed("one", "two")
    page = world.labelling()
    wait_for_document(page, world.documents[0])

    page.context.clear_cookies(name="sessionid")
    page.keyboard.press("2")
    page.keyboard.press("Enter")
    page.wait_for_url("**/login/**")
    assert world.events() == []
    page.get_by_label("Username").fill("bob")
    page.get_by_label("Password").fill("correct horse")
    page.get_by_role("button", name="Sign in").click()

    wait_for_document(page, world.documents[1])
    assert world.answered() == [(world.documents[0], "Late delivery")]
    assert world.events() == ["create"]


def test_an_answer_that_lost_to_another_tab_is_said_and_changes_nothing(world):
    world.seed("one", "two")
    page = world.labelling()
    wait_for_document(page, world.documents[0])
    world.expect_console("WebSocket", "409")
    other = page.context.new_page()
    other.route_web_socket("**/ws/**", lambda socket: None)
    other.add_init_script(
        "window.BroadcastChannel = class { addEventListener() {} postMessage() {} }"
    )
    other.goto(world.label_url)
    wait_for_document(other, world.documents[0])
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    wait_for_document(page, world.documents[1])

    other.keyboard.press("3")
    other.keyboard.press("Enter")

    expect(other.get_by_role("alert")).to_contain_text("You answered this document in another tab")
    assert world.answered() == [(world.documents[0], "Refund")]
    expect_picked(other, "Praise")
    other.keyboard.press("Enter")
    wait_for_document(other, world.documents[1])
    assert world.answered() == [(world.documents[0], "Praise")]


def test_two_tabs_of_one_person_show_the_same_document(world):
    world.seed("one", "two", "three")
    page = world.labelling()
    other = page.context.new_page()
    other.goto(world.label_url)
    wait_for_document(other, world.documents[0])
    expect_state(other, "Learning, v")

    page.bring_to_front()
    page.keyboard.press("1")
    page.keyboard.press("Enter")

    wait_for_document(page, world.documents[1])
    wait_for_document(other, world.documents[1])


def test_two_people_are_never_on_the_same_document(world):
    world.seed(*[f"Message {number}" for number in range(10)])
    pages = {name: world.labelling(name) for name in ("bob", "dora")}
    seen: dict[str, list[int]] = {"bob": [], "dora": []}

    for _ in range(5):
        on_screen = {name: document_on(page) for name, page in pages.items()}
        assert on_screen["bob"] != on_screen["dora"]
        for name, page in pages.items():
            page.keyboard.press("1")
            page.keyboard.press("Enter")
            expect(page.locator(f'#sheet[data-document="{on_screen[name]}"]')).to_have_count(0)
            seen[name].append(on_screen[name])

    for page in pages.values():
        # Whoever was first waits for the other, and looks again by itself.
        expect(page.get_by_role("heading", name="All done")).to_be_visible(timeout=20_000)
    assert sorted(seen["bob"] + seen["dora"]) == sorted(world.documents)


def test_an_answer_waits_for_a_fresh_page_when_all_cookies_are_gone(world):
    world.seed("one", "two")
    world.expect_console("403", "WebSocket")
    page = world.labelling()
    wait_for_document(page, world.documents[0])
    cookies = [one for one in page.context.cookies() if one["name"] == "sessionid"]

    page.context.clear_cookies()
    page.keyboard.press("2")
    page.keyboard.press("Enter")
    expect(page.locator("#saved")).to_have_text(
        "Saved here, reload the page to send it", timeout=15_000
    )
    page.context.add_cookies(cookies)
    page.reload()

    wait_for_document(page, world.documents[1])
    assert world.answered() == [(world.documents[0], "Late delivery")]


def test_an_answer_that_can_never_be_taken_is_shown_until_the_person_lets_it_go(world):
    world.seed("one")
    world.expect_console("404")
    page = world.labelling()
    wait_for_document(page, world.documents[0])
    page.evaluate(
        """() => localStorage.setItem(
            `annotate.outbox.${document.querySelector(".desk").dataset.user}.refused`,
            JSON.stringify({path: location.pathname + '99999999/submit', body: '', at: 1}))"""
    )
    page.reload()
    notice = page.locator("#unsent")
    expect(notice).to_contain_text("One answer was not accepted")

    page.reload()
    notice.get_by_role("button", name="Let it go").click()

    expect(notice).to_be_hidden()
    assert outbox_of(page) == ""


def test_an_undo_that_reaches_nobody_says_so(world, outage):
    world.seed("one", "two")
    page = world.labelling()
    wait_for_document(page, world.documents[0])
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    wait_for_document(page, world.documents[1])
    outage()

    page.keyboard.press("z")

    expect_saved(page, "Not undone: the server did not answer")
    wait_for_document(page, world.documents[1])

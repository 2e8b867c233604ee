"""An owner looks through the documents and puts an answer right, in a real browser."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.e2e.screen import expect_saved, wait_for_document

TEXT = "First line.\r\nWhere is\tmy parcel? \U0001f4e6"


def documents_of(world) -> str:
    return f"{world.server.url}/projects/{world.slug}/documents/"


def test_an_owner_corrects_withdraws_deletes_and_restores(world):
    world.seed(TEXT, "Praise for your praise.")
    first, second = world.documents
    bob = world.labelling("bob")
    wait_for_document(bob, first)
    bob.keyboard.press("1")
    bob.keyboard.press("Enter")
    wait_for_document(bob, second)
    expect_saved(bob)
    page = world.context("alice").new_page()
    page.goto(documents_of(world))

    page.get_by_label("State").select_option("done")
    page.get_by_role("button", name="Show").click()
    page.locator(".doc-text").click()
    expect(page.locator(".text")).to_have_js_property("textContent", TEXT)
    page.get_by_role("link", name="Correct").click()
    page.locator(".choice", has_text="Praise").click()
    page.keyboard.press("Enter")

    expect(page.locator(".person")).to_contain_text("Corrected by alice")
    expect(page.locator(".happenings li").first).to_contain_text(
        "corrected the answer of bob: Praise"
    )
    page.get_by_text("Withdraw…").click()
    page.get_by_label("Reason").fill("Unclear")
    page.get_by_role("button", name="Withdraw the answer").click()
    expect(page.locator(".person")).to_contain_text("Withdrawn")

    page.goto(documents_of(world))
    page.get_by_label("All on this page").check()
    page.get_by_role("button", name="Delete…").click()
    expect(page.locator("h1")).to_have_text("Delete 2 documents?")
    page.get_by_role("button", name="Delete 2 documents").click()
    expect(page.locator(".notices")).to_contain_text("Deleted 2 documents.")
    page.goto(documents_of(world) + "?state=deleted")
    page.get_by_label("All on this page").check()
    page.get_by_role("button", name="Restore").click()
    expect(page.locator(".notices")).to_contain_text("Restored 2 documents.")
    kinds = ["create", "revise", "withdraw", "delete", "delete", "restore", "restore"]
    assert world.events() == kinds


def test_an_owner_erases_a_document_that_a_person_has_open(world):
    world.seed(TEXT, "Praise for your praise.")
    first, second = world.documents
    bob = world.labelling("bob")
    wait_for_document(bob, first)
    page = world.context("alice").new_page()
    page.goto(f"{documents_of(world)}{first}/")

    page.get_by_role("link", name=re.compile("Erase")).click()
    page.get_by_label("Reason").fill("Asked for")
    page.get_by_label("Type D-1 to confirm").fill("D-1")
    page.get_by_role("button", name="Erase for good").click()

    expect(page.locator(".notice").first).to_contain_text("The document is erased.")
    expect(page.locator("main")).not_to_contain_text("parcel")
    bob.reload()
    wait_for_document(bob, second)

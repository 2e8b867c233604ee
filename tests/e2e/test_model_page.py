from __future__ import annotations

from playwright.sync_api import expect

MEASURED = """
from inference import live, engine
from inference.measuring import measure
from projects import jobs
from projects.models import Project, User
from tests.factories import answer, make_documents
project = Project.objects.get(slug={slug!r})
engine.serving().started.result(30)
texts = [f"refund please {{number}}" for number in range(90)]
blind = make_documents(project, *texts, in_reserve=True, display_coin=0.1)
for document in [one for one in blind if one.split == "test"][:32]:
    answer(document, User.objects.get(username="bob"), "Refund")
jobs.run_here(jobs.add(project=project, kind=measure.KIND, params={{}}), print)
"""


def test_an_open_page_shows_newer_figures_by_itself(world):
    world.seed("one", "two")
    page = world.context("alice").new_page()
    page.goto(f"{world.server.url}/projects/{world.slug}/models/")
    expect(page.locator("h1")).to_have_text("Nothing suggests for “Topic” yet")

    world.server.manage("shell", "-v", "0", "-c", MEASURED.format(slug=world.slug))

    expect(page.locator("h1")).to_contain_text("The model is right on", timeout=20_000)
    expect(page.get_by_text("on 32 blind test documents")).to_be_visible()
    expect(page.locator("time[data-ago]")).to_contain_text("ago")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

"""From labelled texts to a model that labels the rest, and back again, in a browser only.

The encoder is tiny and knows a dozen words, but nothing is replaced. One word in 37 tells a text's
label: hard to see in a mean over all of them, and easy for an encoder that learns where to look.
"""

from __future__ import annotations

import csv
import json
import random
import re
from collections import Counter
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import World
from tests.e2e.owner import PATIENCE_MS, Owner, worker_of
from tests.e2e.server import Server
from tests.inference.training_data import FILLERS, make_base

SLUG, TITLE = "moods", "How is the mood?"
MODELS = f"/projects/{SLUG}/models"
TRAINED = "base fine-tuned 1"
BLIND, TAUGHT, LEFT, SAMPLE, CHECKED = 60, 160, 70, 15, 5


def mood(text: str) -> str:
    return "Angry" if "refund" in text else "Calm"


def texts(count: int) -> list[str]:
    dice, made = random.Random(11), []
    for number in range(count):
        words = dice.choices(FILLERS, k=36)
        words.insert(dice.randrange(36), ("refund", "friendly")[number % 2])
        made.append(f"{' '.join(words)} {number}")
    return made


@pytest.fixture
def journey(tmp_path, browser) -> Iterator[Journey]:
    encoder = make_base(tmp_path / "base")
    settings = {"ENGINE": "minilm", "ENCODER": str(encoder), "TORCH_THREADS": "1"}
    server = Server(tmp_path, **settings)
    server.prepare()
    server.start()
    world = World(server, browser).seed()
    with worker_of(server):
        yield Journey(world, tmp_path)
    for context in world.contexts:
        context.close()
    server.close()
    assert world.problems == []


class Journey(Owner):
    """What an owner does with models. Each step ends on the page that tells what came of it."""

    @property
    def main(self) -> Locator:
        return self.page.get_by_role("main")

    def press(self, name: str | re.Pattern[str]) -> None:
        self.page.get_by_role("button", name=name, exact=isinstance(name, str)).click()

    def visit(self, path: str) -> None:
        self.page.goto(f"{self.base}{path}")

    def sees(self, words: str | re.Pattern[str]) -> None:
        expect(self.main).to_contain_text(words, timeout=PATIENCE_MS)

    def keep_no_reserve(self) -> None:
        """Every document that comes is served with a suggestion; test ones come with a split."""
        self.visit(f"/projects/{SLUG}/settings/queue")
        self.page.locator("#id_reserve_percent").fill("0")
        self.press("Show what changes")
        expect(self.page.get_by_text("Saved")).to_be_visible()

    def bring_texts(self) -> None:
        made = texts(BLIND + TAUGHT + LEFT)
        with (self.folder / "answered.csv").open("w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(["text", "mood", "split"])
            for place, text in enumerate(made[: BLIND + TAUGHT]):
                rows.writerow([text, mood(text), "test" if place < BLIND else "train"])
        (self.folder / "rest.csv").write_text("\n".join(["text", *made[BLIND + TAUGHT :]]))
        self.bring(SLUG, self.folder / "answered.csv", create_labels=True)
        self.bring(SLUG, self.folder / "rest.csv")

    def freeze(self) -> None:
        self.visit(f"/projects/{SLUG}/datasets/")
        self.press("Freeze")
        self.page.get_by_role("link", name="Version 1", exact=True).click(timeout=PATIENCE_MS)
        self.sees(f"{BLIND + TAUGHT} documents, frozen on")

    def train(self) -> None:
        self.page.get_by_role("link", name="Train a model from this").click()
        self.sees(f"Version 1: {TAUGHT} answers to learn from, {BLIND} blind ones")
        self.page.get_by_text("Advanced").click()
        self.page.get_by_label("Passes over the texts").fill("15")
        self.page.get_by_label("Learning rate").fill("0.003")
        self.press("Train")
        self.sees(re.compile(r"step \d+ of \d+"))
        self.sees(f"{TRAINED} is registered as a challenger")
        expect(self.page.locator(".plot")).to_have_count(2)

    def suggestion(self) -> tuple[str, str]:
        """(label, text): what is offered on the labelling page, and for what."""
        self.visit(f"/projects/{SLUG}/label/")
        offered = self.page.locator(".choices .choice[data-offered] .name")
        expect(offered).to_have_count(1, timeout=PATIENCE_MS)
        return offered.inner_text(), self.page.locator("#text").inner_text()

    def compare(self) -> None:
        self.visit(f"{MODELS}/versions/")
        row = self.page.get_by_role("row").filter(has_text=TRAINED)
        expect(row).to_contain_text(f"n = {BLIND}", timeout=PATIENCE_MS)
        row.get_by_role("link", name="Compare").click()
        self.press("Compare them")

    def promote(self) -> None:
        self.visit(f"{MODELS}/mood/1/")
        self.sees("It is ready to suggest")
        self.press(f"Promote {TRAINED}")
        expect(self.page.get_by_role("heading", level=1)).to_contain_text(
            f"{TRAINED} suggests for “{TITLE}”"
        )

    def draw_the_sample(self) -> None:
        self.visit(f"{MODELS}/auto-label/")
        self.page.get_by_label("Documents that people answer first").fill(str(SAMPLE))
        self.page.get_by_label("Documents that people check afterwards").fill(str(CHECKED))
        self.press("Draw the sample")
        self.sees(f"0 of {SAMPLE} documents of the sample are answered.")

    def answer(self, count: int) -> int:
        """By the keyboard; how many of them came with a suggestion, or with bars."""
        self.visit(f"/projects/{SLUG}/label/")
        led = 0
        for _ in range(count):
            led += answer_one(self.page)
        return led


def answer_one(page: Page) -> bool:
    sheet = page.locator("#sheet")
    document = sheet.get_attribute("data-document")
    label = mood(page.locator("#text").inner_text())
    choice = page.locator(".choice").filter(has=page.get_by_text(label, exact=True))
    is_led = page.locator(".choice[data-offered]").count() > 0
    page.keyboard.press(choice.get_attribute("data-key"))
    expect(page.locator("#go .go-text")).to_have_text("Submit and next")
    page.keyboard.press("Enter")
    expect(page.locator(f'#sheet[data-document="{document}"]')).to_have_count(0)
    return is_led


@pytest.mark.timeout(300)
def test_an_owner_goes_from_labelled_texts_to_a_model_that_labels_the_rest_and_back(journey):
    journey.new_project(SLUG, start="Empty")
    journey.ask(SLUG, "mood", TITLE)
    journey.keep_no_reserve()
    journey.bring_texts()
    journey.freeze()
    journey.train()
    journey.suggestion()
    journey.compare()
    journey.sees(f"on the same {BLIND} blind test documents")
    journey.promote()
    label, text = journey.suggestion()
    assert label == mood(text)
    label_the_rest(journey)
    read_the_export(journey)
    follow_the_lineage(journey)
    go_back(journey)


def label_the_rest(journey: Journey) -> None:
    journey.draw_the_sample()
    # The first was open when the sample was drawn.
    assert journey.answer(SAMPLE + 1) <= 1
    journey.visit(f"{MODELS}/auto-label/")
    journey.press("See what can be labelled")
    journey.sees(f"People answered {SAMPLE} documents of the sample")
    journey.press(re.compile(r"Label \d+ documents"))
    journey.sees("labelled by the model")
    journey.sees(f"Checked: 0 of {CHECKED} documents")
    assert journey.answer(CHECKED + 1) <= 1
    journey.visit(f"{MODELS}/auto-label/")
    journey.sees(re.compile(rf"Checked: {CHECKED} of {CHECKED} documents, \d+ to \d+ % wrong"))


def read_the_export(journey: Journey) -> None:
    path = journey.export(SLUG, "jsonl", "With provenance", "With answers of models")
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    by_model = {row["text"]: row for row in rows if row["model_answers"]}
    said = dict(
        journey.world.server.rows(
            """select json_extract(d.texts, '$.text'), m.model_version
               from labeling_modelannotation m join projects_document d on d.id = m.document_id"""
        )
    )
    assert {text: row["model_answers"][0]["model"] for text, row in by_model.items()} == said
    assert set(said.values()) == {TRAINED}
    assert all(not row["mood"] for row in by_model.values())
    origins = Counter(
        item["origin"]
        for row in rows
        for told in row["provenance"]
        for item in told["questions"]["mood"]["items"]
    )
    assert origins["imported"] == BLIND + TAUGHT
    assert origins["manual"] >= SAMPLE + CHECKED


def follow_the_lineage(journey: Journey) -> None:
    journey.visit(f"{MODELS}/lineage/")
    journey.sees(TRAINED)
    journey.sees("Version 1")
    pk, label = journey.world.server.rows(
        """select v.id, l.id from inference_modelversion v
           join projects_label l on l.question_id = v.question_id
           where v.kind = 'fine_tuned' and l.name = 'Angry'"""
    )[0]
    for start, end in ((f"model:{pk}", "dataset"), (f"label:{label}", f"model:{pk}")):
        told = journey.page.request.get(f"{journey.base}{MODELS}/lineage.json?from={start}").json()
        assert end in json.dumps(told)


def go_back(journey: Journey) -> None:
    journey.visit(f"{MODELS}/auto-label/")
    journey.page.get_by_text("Take it all back").click()
    journey.press("Take it back")
    journey.sees("was taken back on")
    assert journey.world.server.rows("select count(*) from labeling_modelannotation") == [(0,)]
    journey.visit(f"{MODELS}/versions/")
    journey.page.get_by_text("Roll back", exact=True).click()
    journey.press("Roll back now")
    expect(journey.page.get_by_role("heading", level=1)).to_contain_text("live")
    journey.sees(f"Rolled back from {TRAINED}")

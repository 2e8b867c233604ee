"""The short fine-tune: trained, tried on held-out answers, kept when it wins, and served."""

from __future__ import annotations

import dataclasses
import hashlib
import random
import uuid
from pathlib import Path

import numpy as np
import pytest
from asgiref.sync import sync_to_async as in_db
from hypothesis import given
from hypothesis import strategies as st

from corpus.erase import erase
from inference import engine, live, opening
from inference.models import ModelKind, ModelVersion, Stage
from inference.spans import word_memory
from inference.spans.bio import Mark, decode
from inference.spans.calibration import UNTRIED
from inference.spans.heads import Share, fit
from inference.spans.tagger import Marked
from inference.spans.word_memory import unread
from inference.spans.words import word_places
from inference.tuning import job, readers
from inference.tuning.choose import Trial, Verdict, is_held_out, judged
from inference.tuning.network import Network
from inference.tuning.train import IGNORED, Recipe, _fair, _lessons, training
from inference.tuning.tuned_engine import Artifact, EngineError, TunedEngine, aligned, packed
from labeling.spans import Span
from labeling.submit import Submission, submit
from projects.delete_project import begin_deleting
from projects.jobs import JobRun, cancel, claim_and_run, enqueue
from projects.models import Job, JobState
from tests.factories import make_documents, make_question
from tests.inference.test_consumers import BLIND

NAMES = ("ada", "bob", "eve")
PLACES = ("rome", "oslo", "lima")
FILLERS = ("today", "we", "saw", "that", "walked", "again", "to", "with", "the", "and", "river")
QUICK = Recipe(batch=8, learning_rate=1e-2, fewest_steps=200)
BRIEF = dataclasses.replace(QUICK, fewest_steps=20)


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory):
    """A random BERT of 20,000 parameters with a vocabulary of its own, as a Hugging Face folder."""
    import torch
    from tokenizers import BertWordPieceTokenizer
    from transformers import BertConfig, BertModel, BertTokenizerFast

    folder = tmp_path_factory.mktemp("tiny-bert")
    letters = [*map(chr, range(97, 123)), ",", ".", *map(str, range(10))]
    words = [*NAMES, *PLACES, *FILLERS]
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    vocabulary = [*special, *words, *letters, *(f"##{letter}" for letter in letters)]
    (folder / "vocab.txt").write_text("\n".join(vocabulary), encoding="utf-8")
    raw = BertWordPieceTokenizer(str(folder / "vocab.txt"), lowercase=True)
    BertTokenizerFast(tokenizer_object=raw._tokenizer).save_pretrained(folder)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        model = BertModel(
            BertConfig(
                vocab_size=len(vocabulary),
                hidden_size=32,
                num_hidden_layers=1,
                num_attention_heads=2,
                intermediate_size=64,
                max_position_embeddings=64,
                initializer_range=0.2,
            )
        )
    model.save_pretrained(folder)
    return folder


def answered(count: int, seed: int = 5) -> list[Marked]:
    """Sentences in which names are marked under column 0 and places under 1."""
    dice = random.Random(seed)
    texts = []
    for _ in range(count):
        words = dice.choices(FILLERS, k=dice.randint(3, 8))
        if dice.random() < 0.7:
            words.insert(dice.randrange(len(words)), dice.choice([*NAMES, *PLACES]))
        texts.append(marked(" ".join(words)))
    return texts


def marked(text: str) -> Marked:
    words = unread(text)
    marks = [
        Mark(start, end, int(text[start:end] in PLACES))
        for start, end in words.places.tolist()
        if text[start:end] in NAMES + PLACES
    ]
    return Marked(text, words, marks)


def trained(folder, texts, recipe=QUICK) -> Network:
    steps = training(texts, columns=2, folder=folder, recipe=recipe)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


@pytest.fixture(scope="session")
def network(tiny_folder) -> Network:
    return trained(tiny_folder, answered(300))


def found(shares, text: str) -> list[tuple[str, int]]:
    places = word_places(text)
    return [
        (text[places[run.first, 0] : places[run.last - 1, 1]], run.column) for run in decode(shares)
    ]


def test_it_learns_what_was_marked(network):
    text = "again ada walked with eve to rome"

    shares = network.read(text)

    assert shares.shape == (7, 5)
    assert shares.astype(np.float32).sum(axis=1) == pytest.approx(1, abs=5e-3)
    assert found(shares, text) == [("ada", 0), ("eve", 0), ("rome", 1)]


def test_the_same_comes_of_the_same_answers_whatever_happens_between_steps(tiny_folder):
    import torch

    recipe = dataclasses.replace(QUICK, fewest_steps=4)
    whole = trained(tiny_folder, answered(12), recipe).tensors()
    steps = training(answered(12), columns=2, folder=tiny_folder, recipe=recipe)
    try:
        while True:
            next(steps)
            torch.rand(3)
    except StopIteration as end:
        paused = end.value.tensors()

    assert whole.keys() == paused.keys()
    assert all(np.array_equal(whole[name], paused[name]) for name in whole)


def test_word_embeddings_stay_and_are_not_stored(tiny_folder, network):
    fresh = Network.load(tiny_folder, tags=5, seed=0)
    before = fresh.encoder.get_input_embeddings().weight.detach().numpy()
    after = network.encoder.get_input_embeddings().weight.detach().numpy()

    assert np.array_equal(before, after)
    assert not any("word_embeddings" in name for name in network.tensors())


def test_a_text_without_marks_teaches_that_nothing_is_there(tiny_folder):
    network = Network.load(tiny_folder, tags=5, seed=0)

    [lesson] = _lessons([marked("today we walked")], network)

    assert lesson.tags.tolist() == [0, 0, 0]


def test_words_that_cannot_be_read_are_passed_over(tiny_folder):
    network = Network.load(tiny_folder, tags=5, seed=0)
    text = "ada \u200b saw \U0001d173 rome"

    [lesson] = _lessons([marked(text)], network)

    assert (lesson.tags == IGNORED).tolist() == (~lesson.piece.readable).tolist()
    assert network.read("").shape == (0, 5)


def test_words_that_people_disagreed_on_are_passed_over(tiny_folder):
    network = Network.load(tiny_folder, tags=5, seed=0)
    one = marked("we saw ada and eve")
    disputed = one._replace(marks=one.marks[:1], unsure=[*one.marks[1:], Mark(0, 10, 1)])

    [lesson] = _lessons([disputed], network)

    assert lesson.tags.tolist() == [IGNORED, IGNORED, 1, 0, IGNORED]


def test_every_word_of_a_long_text_is_taught_once_and_read(tiny_folder):
    network = Network.load(tiny_folder, tags=5, seed=0)
    text = " ".join(f"we saw ada again {number}" for number in range(60))

    lessons = list(_lessons([marked(text)], network))

    assert len(lessons) > 3
    assert sum(int((lesson.tags != IGNORED).sum()) for lesson in lessons) == 300
    assert sum(int((lesson.tags == 1).sum()) for lesson in lessons) == 60
    assert network.read(text).any(axis=1).all()


def test_texts_without_spans_are_capped(tiny_folder):
    network = Network.load(tiny_folder, tags=5, seed=0)
    lessons = list(_lessons([marked("we saw ada"), *[marked("we saw the river")] * 30], network))

    assert len(_fair(lessons, Recipe(most_plain=4))) == 5


def test_nothing_marked_is_said_clearly(tiny_folder):
    with pytest.raises(ValueError, match="Nothing is marked"):
        trained(tiny_folder, [marked("we saw the river")])


@pytest.fixture
def artifact(network, tiny_folder, tmp_path):
    data = packed(network)
    file = tmp_path / "tuned.safetensors"
    file.write_bytes(data)
    return Artifact("tiny+tuned1", tiny_folder, file, hashlib.sha256(data).hexdigest(), (7, 9))


def test_what_was_stored_reads_as_what_was_trained(artifact, network):
    engine = TunedEngine(artifact)

    [reading, empty] = engine.read(["we saw ada", ""])

    assert reading.states.astype(np.float32) == pytest.approx(network.read("we saw ada"), abs=0.02)
    assert empty.states.shape == (0, 5)
    assert engine.token_lengths(["we saw ada"]) == [5]
    assert len(engine.windows("we saw ada " * 60)) > 1


@pytest.mark.parametrize("damage", ["missing", "cut", "other"])
def test_a_damaged_artifact_is_an_engine_error_each_time(artifact, damage):
    if damage == "missing":
        artifact.file.unlink()
    elif damage == "cut":
        artifact.file.write_bytes(artifact.file.read_bytes()[:100])
    else:
        artifact = dataclasses.replace(artifact, columns=(7,), sha256=artifact.sha256)
    engine = TunedEngine(artifact)

    for _ in range(2):
        with pytest.raises(EngineError, match="not on this machine"):
            engine.read(["we saw ada"])


@given(
    st.lists(st.integers(1, 6), unique=True, max_size=4),
    st.lists(st.integers(1, 6), unique=True, max_size=4),
    st.integers(0, 5),
)
def test_aligned_probabilities_follow_their_labels(had, has, words):
    shares = np.random.default_rng(0).dirichlet(np.ones(1 + 2 * len(had)), words)
    shares = shares.astype(np.float32)

    rows = aligned(shares, had, has)

    assert rows.shape == (words, 1 + 2 * len(has))
    assert rows.sum(axis=1) == pytest.approx(1, abs=1e-5)
    for column, label in enumerate(has):
        here = rows[:, 1 + 2 * column : 3 + 2 * column]
        if label in had:
            old = had.index(label)
            assert np.array_equal(here, shares[:, 1 + 2 * old : 3 + 2 * old])
        else:
            assert not here.any()


def test_about_a_fifth_is_held_out():
    assert 150 < sum(is_held_out([f"text {number}"]) for number in range(1000)) < 250


def trials(texts, shares_of) -> list[Trial]:
    return [Trial([one._replace(words=one.words._replace(tuned=shares_of(one)))]) for one in texts]


def knowing(one: Marked) -> np.ndarray:
    """What an encoder that is nearly always right would say."""
    words = one.words.of(one.text)
    rows = np.full((len(words), 5), 0.01, dtype=np.float32)
    columns = [1 if word in NAMES else 3 if word in PLACES else 0 for word in words]
    rows[np.arange(len(words)), columns] = 0.96
    return rows


def guessing(one: Marked) -> np.ndarray:
    dice = np.random.default_rng(len(one.text))
    return dice.dirichlet(np.ones(5), len(one.words.places)).astype(np.float32)


@pytest.fixture(scope="module")
def ignorant_head():
    """It has seen other names than those it is tried on."""
    texts = [marked(f"we saw river {number}") for number in range(20)]
    named = [
        Marked(one.text, one.words, [Mark(7, 12, number % 2)]) for number, one in enumerate(texts)
    ]
    return fit(named, columns=2)


def test_an_encoder_that_knows_better_wins(ignorant_head):
    verdict = judged(ignorant_head, trials(answered(40), knowing), seed=1)

    assert verdict.wins
    assert verdict.mixed > verdict.live + 20
    assert (verdict.documents, verdict.better) == (40, 1.0)
    assert verdict.figures()["mixed_f1"] == round(verdict.mixed, 1)


def test_one_that_guesses_does_not(ignorant_head):
    known = fit(answered(60, seed=6), columns=2)

    assert not judged(known, trials(answered(40), guessing), seed=1).wins


def test_too_few_to_try_on_is_no_win(ignorant_head):
    assert not judged(ignorant_head, trials(answered(5), knowing), seed=1).wins
    assert not judged(ignorant_head, [], seed=1).wins


def test_a_head_says_the_same_without_a_tuned_reading(ignorant_head):
    one = answered(1)[0]
    mixed = dataclasses.replace(ignorant_head, tuned=Share(0.9, UNTRIED))

    assert mixed.runs(one.text, one.words) == ignorant_head.runs(one.text, one.words)


@pytest.fixture
def names(project, question):
    question.delete()
    return make_question(project, "names", labels=["Person", "Place"], kind="span", required=False)


@pytest.fixture
def tiny_serving(settings, tiny_folder, monkeypatch):
    """This process's engine, a tiny BERT that can be tuned, and a short way to tune it."""
    settings.TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}
    settings.ENGINE, settings.ENCODER = "minilm", str(tiny_folder)
    monkeypatch.setattr(job, "Recipe", lambda: BRIEF)
    monkeypatch.setattr(job, "FEWEST_ANSWERS", 60)
    running = engine.serving()
    running.started.result(timeout=30)
    return running


@pytest.fixture
def answer(project, names, bob):
    """Have bob answer these texts."""

    def answered_by_bob(texts):
        labels = list(names.labels.values_list("pk", flat=True))
        for document, one in zip(
            make_documents(project, *[one.text for one in texts]), texts, strict=True
        ):
            spans = [Span("text", mark.start, mark.end, labels[mark.column]) for mark in one.marks]
            submit(
                document=document,
                annotator=bob,
                chosen={names.pk: spans},
                submission=Submission(client_id=uuid.uuid4()),
            )

    return answered_by_bob


def texts_of(count: int, seed: int) -> list[Marked]:
    unlike = {one.text: one for one in answered(3 * count, seed=seed)}
    return list(unlike.values())[:count]


def fed(project, serving) -> None:
    """The words of all answered texts are known, as after the job that encodes."""
    gather_words = serving.batcher.read_all
    texts = [document.texts["text"] for document in project.documents.all()]
    for text, reading in zip(texts, gather_words(texts), strict=True):
        word_memory.remember(serving.engine.name, text, reading.states)


def run_tune() -> Job:
    """Run the one that is queued, as a worker would."""
    queued = Job.objects.get(kind=job.KIND, state=JobState.QUEUED)
    claim_and_run(queued.pk)
    queued.refresh_from_db()
    return queued


def ask(project, names, answers=80) -> None:
    enqueue(project=project, kind=job.KIND, params={"question": names.pk, "answers": answers})


def test_with_enough_answers_a_refit_has_the_encoder_tuned(
    project, names, answer, tiny_serving, always_better
):
    answer(texts_of(80, seed=3))
    fed(project, tiny_serving)

    live.refresh(project)

    done = run_tune()
    assert (done.state, done.error) == (JobState.DONE, "")
    assert done.params == {"question": names.pk, "answers": 80}
    assert done.result["In use"] == "yes"
    row = ModelVersion.objects.get(kind=ModelKind.TUNED)
    assert (row.stage, row.encoder) == (Stage.CHAMPION, tiny_serving.engine.name)
    assert row.parameters["answers"] == 80
    assert row.parameters["steps"] == BRIEF.steps(80)
    assert hashlib.sha256(Path(row.artifact.path).read_bytes()).hexdigest() == row.artifact_sha256


@pytest.fixture
def always_better(monkeypatch):
    monkeypatch.setattr(Verdict, "wins", property(lambda self: True))


@pytest.fixture
def never_better(monkeypatch):
    monkeypatch.setattr(Verdict, "wins", property(lambda self: False))


@pytest.fixture
def tuned(project, names, answer, tiny_serving, always_better):
    answer(texts_of(80, seed=3))
    fed(project, tiny_serving)
    ask(project, names)
    run_tune()
    return ModelVersion.objects.get(kind=ModelKind.TUNED)


def test_the_next_refit_hears_the_tuned_encoder(project, names, tuned):
    [head] = live.refresh(project)

    assert head.tuned == readers.Tuned(tuned.pk, head.labels)
    assert head.head.tuned.weight == tuned.metrics["share"][0]
    assert ModelVersion.objects.get(kind=ModelKind.LIVE).stage == Stage.CHAMPION


def test_what_it_reads_has_the_columns_of_the_labels_there_are(project, names, tuned):
    first, second = names.labels.order_by("pk").values_list("pk", flat=True)
    words = {"again ada walked": unread("again ada walked")}

    same = readers.read_all(readers.Tuned(tuned.pk, (first, second)), words)
    other = readers.read_all(readers.Tuned(tuned.pk, (second, 0, first)), words)

    [before], [after] = ([of.tuned for of in read.values()] for read in (same, other))
    assert np.array_equal(after[:, [5, 6, 1, 2]], before[:, 1:])
    assert not after[:, 3:5].any()


@pytest.mark.parametrize("damage", ["missing", "other bytes", "no row"])
def test_without_its_file_the_live_head_serves_alone(project, names, tuned, damage, caplog):
    if damage == "missing":
        Path(tuned.artifact.path).unlink()
    elif damage == "other bytes":
        Path(tuned.artifact.path).write_bytes(b"not what it was")
    else:
        ModelVersion.objects.filter(pk=tuned.pk).delete()
    text = "again ada walked to rome"
    words = {text: unread(text)}

    assert readers.read_all(readers.Tuned(tuned.pk, (1, 2)), words) == words
    assert any(record.message.startswith("tuned_") for record in caplog.records)


@pytest.mark.django_db(transaction=True)
async def test_a_page_is_served_what_both_say(project, names, tuned, tiny_serving):
    [head] = heads = await in_db(live.refresh)(project)
    document = await in_db(project.documents.select_related("project").first)()
    needs = opening.needs_of(heads)
    known = await in_db(opening.known_of)(document, tiny_serving.engine.name, needs)

    opened = await opening.complete(known, needs, tiny_serving.batcher)
    again = await opening.complete(known, needs, tiny_serving.batcher)

    [words] = opened.words_for(names.pk).values()
    [remembered] = again.words_for(names.pk).values()
    assert words.tuned.shape == (len(words.places), 5)
    assert np.array_equal(words.tuned, remembered.tuned)
    assert [of.tuned for of in opened.words_for(0).values()] == [None]
    assert head.head.tagged(document.texts["text"], words)[1] == head.head.tuned.calibration


def test_one_that_does_not_win_leaves_no_file_and_ends_what_served(
    project, names, tuned, tiny_serving, monkeypatch
):
    file = Path(tuned.artifact.path)
    monkeypatch.setattr(Verdict, "wins", property(lambda self: False))

    ask(project, names)

    assert run_tune().result["In use"] == "no"
    stages = ModelVersion.objects.filter(kind=ModelKind.TUNED).values_list("stage", "artifact")
    assert set(stages) == {(Stage.ARCHIVED, "")}
    assert not file.exists()
    assert [head.tuned for head in live.refresh(project)] == [None]


def test_it_is_tuned_again_when_answers_grew_by_half(project, names, answer, tuned, tiny_serving):
    facts = {"spans": 60}

    def due(answers):
        return job.tune_later(names, tiny_serving.engine, {**facts, "answers": answers}, removal=0)

    assert due(119) is None
    assert due(120) is not None
    assert due(180) is None
    Job.objects.filter(kind=job.KIND).update(state=JobState.FAILED)
    assert due(179) is None
    assert due(180) is not None


@pytest.mark.parametrize(("answers", "spans"), [(59, 50), (60, 10)])
def test_too_little_is_not_tuned_on(project, names, tiny_serving, answers, spans):
    facts = {"answers": answers, "spans": spans}

    assert job.tune_later(names, tiny_serving.engine, facts, removal=0) is None


def test_an_encoder_without_a_folder_is_not_tuned(project, names, serving):
    facts = {"answers": 500, "spans": 500}

    assert job.tune_later(names, serving.engine, facts, removal=0) is None


def test_what_was_learned_from_something_taken_away_serves_no_more(
    project, names, tuned, alice, tiny_serving
):
    file = Path(tuned.artifact.path)
    first = project.documents.first()
    erase(document=first, owner=alice, reason="asked for", client_id=uuid.uuid4())

    heads = live.refresh(project)

    assert [head.tuned for head in heads] == [None]
    assert not file.exists()
    assert ModelVersion.objects.get(pk=tuned.pk).stage == Stage.ARCHIVED
    assert Job.objects.filter(kind=job.KIND).count() == 2


def test_a_deleted_project_leaves_no_file(project, alice, tuned):
    file = Path(tuned.artifact.path)

    claim_and_run(begin_deleting(project=project, owner=alice).pk)

    assert not file.exists()


def test_it_gives_way_and_goes_on_where_it_was(
    project, names, answer, tiny_serving, always_better, settings
):
    answer(texts_of(80, seed=3))
    fed(project, tiny_serving)
    ask(project, names)
    mine = Job.objects.get(kind=job.KIND)
    Job.objects.create(project=project, kind="encode")

    claim_and_run(mine.pk)
    waiting = Job.objects.get(pk=mine.pk)
    assert (waiting.state, waiting.progress_done) == (JobState.QUEUED, job.STEPS_PER_TURN)

    Job.objects.filter(kind="encode").delete()
    steps = []
    original = JobRun.progress
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            JobRun,
            "progress",
            lambda self, done, *rest: (steps.append(done), original(self, done, *rest)),
        )
        claim_and_run(mine.pk)

    assert steps[0] == job.STEPS_PER_TURN + 1
    assert Job.objects.get(pk=mine.pk).state == JobState.DONE


def test_a_cancelled_one_stops_between_steps(project, names, answer, tiny_serving, settings):
    answer(texts_of(80, seed=3))
    fed(project, tiny_serving)
    ask(project, names)
    mine = Job.objects.get(kind=job.KIND)
    original = JobRun.progress

    def and_then_cancel(self, done, *rest):
        original(self, done, *rest)
        if done == 3:
            cancel(self.job)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(JobRun, "progress", and_then_cancel)
        claim_and_run(mine.pk)

    stopped = Job.objects.get(pk=mine.pk)
    assert (stopped.state, stopped.progress_done) == (JobState.CANCELLED, 3)
    assert not ModelVersion.objects.filter(kind=ModelKind.TUNED).exists()


def test_blind_documents_are_neither_learned_from_nor_tried_on(
    project, names, answer, tiny_serving, always_better
):
    answer(texts_of(80, seed=3))
    project.documents.filter(pk__in=project.documents.values("pk")[:20]).update(**BLIND)
    fed(project, tiny_serving)

    ask(project, names)
    run_tune()

    row = ModelVersion.objects.get(kind=ModelKind.TUNED)
    assert row.parameters["answers"] == 60


def test_a_question_that_is_gone_is_said_clearly(project, names, tiny_serving):
    enqueue(project=project, kind=job.KIND, params={"question": 0, "answers": 60})

    failed = run_tune()
    assert (failed.state, failed.error) == (JobState.FAILED, "The question is gone.")


def test_answers_without_marks_are_said_clearly(project, names, answer, tiny_serving):
    answer([one._replace(marks=[]) for one in texts_of(20, seed=3)])
    fed(project, tiny_serving)

    ask(project, names)

    failed = run_tune()
    assert (failed.state, failed.error) == (
        JobState.FAILED,
        "Nothing is marked in the answers to learn from.",
    )

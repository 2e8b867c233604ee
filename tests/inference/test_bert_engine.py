"""The real encoder, from the package that carries it."""

from __future__ import annotations

import shutil
import subprocess
import sys
import unicodedata
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings

from inference.batcher import Batcher
from inference.encoders import bert_engine
from inference.encoders.bert_engine import (
    PACKAGED_SHA256,
    BertEngine,
    packaged_folder,
    weights_sha256,
)
from inference.engine import EngineError
from inference.spans.words import word_places
from tests.inference.test_words import texts

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def minilm():
    engine = BertEngine(threads=1)
    engine.start()
    engine.warm_up()
    return engine


def test_the_weights_are_the_pinned_ones():
    assert weights_sha256(packaged_folder()) == PACKAGED_SHA256


def test_the_name_tells_the_weights(minilm):
    assert minilm.name == "minilm-53aa5117"
    assert minilm.dims == 384


def test_other_weights_than_the_pinned_ones_are_refused(tmp_path, monkeypatch):
    (tmp_path / "model.safetensors").write_bytes(b"not what we pinned")
    monkeypatch.setattr(bert_engine, "packaged_folder", lambda: tmp_path)

    with pytest.raises(EngineError, match="not the ones this version pins"):
        BertEngine().start()


def test_a_folder_without_weights_is_refused(tmp_path):
    with pytest.raises(EngineError, match="No weights can be read"):
        BertEngine(str(tmp_path)).start()


def test_any_folder_of_a_bert_can_replace_it(minilm, tmp_path):
    folder = tmp_path / "Mine"
    shutil.copytree(packaged_folder(), folder)
    mine = BertEngine(str(folder), threads=1)
    mine.start()

    assert mine.name == "mine-53aa5117"
    assert np.array_equal(mine.encode(["The same."]), minilm.encode(["The same."]))


def test_vectors_have_length_one(minilm):
    vectors = minilm.encode(["One text.", "Another, a little longer than the first one."])

    assert vectors.shape == (2, 384)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_the_129th_token_counts(minilm):
    """The packaged tokenizer.json pads to, and cuts at, 128 tokens; we read 512."""
    same = "river " * 126  # with [CLS] and [SEP]: 128 tokens
    [short, first, second] = minilm.encode([same, same + "bank", same + "war"])

    assert minilm.token_lengths([same, same + "bank"]) == [128, 129]
    assert not np.allclose(first, second, atol=1e-4)
    assert not np.allclose(first, short, atol=1e-4)


def test_a_very_long_text_is_cut_at_512_tokens(minilm):
    assert minilm.token_lengths(["word " * 2000]) == [512]
    assert minilm.encode(["word " * 2000]).any()


def test_short_texts_are_not_padded_to_128(minilm):
    assert minilm.token_lengths(["Two words."]) == [5]


def test_a_batch_changes_no_vector(minilm):
    texts = ["Short.", "A text of middling length about a parcel.", "long " * 200]

    together = minilm.encode(texts)

    for text, vector in zip(texts, together, strict=True):
        assert np.allclose(minilm.encode([text])[0], vector, atol=2e-3)


def test_like_texts_are_close(minilm):
    parcel, delivery, weather = minilm.encode(
        ["My parcel is late.", "The delivery has not arrived.", "It is sunny in Lisbon."]
    )

    assert parcel @ delivery > parcel @ weather + 0.2


@pytest.mark.parametrize(
    "text",
    [
        "شكرا جزيلا على المساعدة السريعة",
        "תודה רבה על העזרה המהירה",
        "谢谢你们的快速帮助",
        "",
        "🎉🎉",
    ],
)
def test_a_script_it_has_no_words_of_is_not_read(minilm, text):
    assert not minilm.encode([text]).any()


@pytest.mark.parametrize("text", ["OK", "Thanks! 🎉", "Ça va très bien", "1, 2, 3", "plan B or C?"])
def test_short_and_odd_texts_are_read(minilm, text):
    assert minilm.encode([text]).any()


def quoted(minilm, text: str) -> list[tuple[str, str]]:
    """Each piece that is no special one, with the part of the text it is said to come from."""
    encoding = minilm._tokenizer._whole.encode(text)
    return [
        (piece.removeprefix("##"), text[start:end])
        for piece, (start, end) in zip(encoding.tokens, encoding.offsets, strict=True)
        if end > start
    ]


def plain(text: str) -> str:
    """As the uncased tokenizer sees it: lower case, decomposed, without accents and controls."""
    decomposed = unicodedata.normalize("NFD", text.lower())
    return "".join(
        letter
        for letter in decomposed
        if unicodedata.category(letter) != "Mn" and unicodedata.category(letter)[0] != "C"
    )


def test_offsets_of_pieces_are_code_points_of_the_original(minilm):
    text = "\x07É 😀 e\u0301a\r\nﬁ 한 İstanbul's \u200bx"

    assert quoted(minilm, text)[:4] == [("e", "É"), ("[UNK]", "😀"), ("ea", "e\u0301a"), ("ﬁ", "ﬁ")]
    assert quoted(minilm, text)[-1] == ("x", "x")


@settings(deadline=None, max_examples=200)
@given(texts)
def test_every_piece_quotes_the_text_it_comes_from(minilm, text):
    for piece, quote in quoted(minilm, text):
        assert piece == "[UNK]" or plain(piece) in plain(quote)


@settings(deadline=None, max_examples=60)
@given(texts)
def test_every_word_has_one_row(minilm, text):
    [reading] = minilm.read([text])

    words = len(word_places(text))
    assert reading.states.shape == (words, 4 * 384)
    assert np.isfinite(reading.states).all()
    assert sum(window.last - window.first for window in minilm.windows(text)) == words


def test_a_reading_gives_the_vector_that_encoding_gives(minilm):
    texts = ["One text.", "Another, a little longer than the first one.", "谢谢你们的快速帮助"]

    readings = minilm.read(texts)

    for reading, vector in zip(readings, minilm.encode(texts), strict=True):
        assert reading.vector == pytest.approx(vector, abs=2e-3)


def test_what_it_cannot_read_has_rows_of_zeros(minilm):
    chinese, mixed = minilm.read(["谢谢你们的快速帮助", "The party 🎉 begins"])

    assert not chinese.states.any()
    assert mixed.states.any(axis=1).tolist() == [True, True, False, True]


def test_a_word_of_several_pieces_is_their_mean(minilm):
    text = "hyperparameterization"
    [reading] = minilm.read([text])

    assert len(minilm._tokenizer._whole.encode(text)) > 4
    layers = reading.states.reshape(4, 384).astype(np.float32)
    assert np.linalg.norm(layers, axis=1) == pytest.approx(1, abs=5e-3)


def test_a_word_keeps_its_case_apart_and_its_context_in(minilm):
    bank, again, other = minilm.read(
        ["the bank of the river", "the bank of the river.", "money in the bank"]
    )

    def alike(one, two):
        return float(one.astype(np.float32) @ two.astype(np.float32)) / 4

    assert alike(bank.states[1], again.states[1]) > alike(bank.states[1], other.states[3])


def test_the_words_at_the_end_of_a_long_text_are_read_in_their_context(minilm):
    filler = "We walked on along the road for a while. " * 90
    text = filler + "In the evening the Amazon flooded its banks."
    with ThreadPoolExecutor(1) as thread:
        [reading] = Batcher(minilm, thread).read_all([text])
    [alone] = minilm.read(["In the evening the Amazon flooded its banks."])

    assert len(reading.states) == len(word_places(text))
    assert reading.states.any(axis=1).all()
    last, same = reading.states[-9:].astype(np.float32), alone.states.astype(np.float32)
    assert ((last * same).sum(axis=1) / 4).min() > 0.7


def test_nothing_but_the_engine_loads_torch():
    """A web process with the engine off never imports torch or transformers."""
    code = (
        "import os, sys; os.environ['ENGINE'] = 'off';"
        "import annotate.asgi;"
        "print(sorted({'torch', 'transformers', 'sklearn'} & set(sys.modules)))"
    )

    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )

    assert found.stdout.strip() == "[]"

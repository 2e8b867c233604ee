"""Encoders of other families and folders that are none: tiny random ones, made here."""

from __future__ import annotations

import json
import logging
import shutil

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inference.encoders.bert_engine import BertEngine
from inference.encoders.folder import pooling_of, prefix_of
from inference.engine import EngineError
from inference.spans.words import word_places
from tests.inference.test_words import texts
from tests.inference.tiny_encoders import make

pytestmark = pytest.mark.slow
FAMILIES = ["bert", "distilbert", "roberta", "xlm-roberta", "mpnet", "modernbert"]
ENGLISH = "Please refund my order, the box was broken."


def started(folder, **options) -> BertEngine:
    engine = BertEngine(str(folder), threads=1, **options)
    engine.start()
    return engine


@pytest.fixture(scope="module", params=FAMILIES)
def folder(request, tmp_path_factory):
    return make(request.param, tmp_path_factory.mktemp("encoders") / request.param)


@pytest.fixture(scope="module")
def engine(folder):
    return started(folder)


@pytest.fixture(scope="module")
def prefixed(folder):
    return started(folder, prefix="query:")


@pytest.fixture
def bert(tmp_path):
    return make("bert", tmp_path / "bert")


def test_every_family_encodes_and_reads(engine, folder):
    vectors = engine.encode([ENGLISH, "Thank you!", ""])
    [reading] = engine.read([ENGLISH])

    assert vectors.shape == (3, 32)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1, 1, 0], abs=1e-3)
    assert reading.vector == pytest.approx(vectors[0], abs=0.02)
    assert reading.states.shape == (len(word_places(ENGLISH)), engine.word_dims)
    assert reading.states.any(axis=1).all()
    assert engine.name.startswith(folder.name)


def test_a_text_longer_than_the_model_has_places_for_is_cut(engine, folder):
    long = "the box " * 5000
    most = {"roberta": 62, "xlm-roberta": 62, "mpnet": 62}.get(folder.name, 64)

    assert engine.token_lengths([long]) == [most]
    assert engine.encode([long, "the box"]).any(axis=1).all()


def test_a_prefix_changes_vectors_and_the_name(engine, prefixed):
    assert not np.allclose(engine.encode([ENGLISH]), prefixed.encode([ENGLISH]), atol=1e-3)
    assert prefixed.name != engine.name


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(texts)
def test_a_prefix_moves_no_word(engine, prefixed, text):
    """Each word is made of the pieces that quote it, as without a prefix."""
    places = word_places(text)
    [reading] = prefixed.read([text])
    windows = prefixed.windows(text)

    assert len(reading.states) == len(places)
    assert sum(window.last - window.first for window in windows) == len(places)
    offsets = prefixed._tokenizer.offsets(text)
    assert all(0 <= start <= end <= len(text) for start, end in offsets)
    bare = [offset for offset in engine._tokenizer.offsets(text) if offset[1] > offset[0]]
    covered = {place for start, end in bare for place in range(start, end)}
    again = {place for start, end in offsets for place in range(start, end)}
    visible = {place for start, end in places.tolist() for place in range(start, end)}
    assert covered & visible == again & visible


@settings(deadline=None, max_examples=20)
@given(st.integers(1, 300))
def test_windows_with_a_prefix_fit_the_model(prefixed, count):
    text = " ".join(["box"] * count)

    parts = [text[one.start : one.end] for one in prefixed.windows(text)]

    lengths = [len(prefixed._tokenizer._whole.encode("query: " + part)) for part in parts]
    assert max(lengths) <= prefixed._longest


def test_the_prefix_does_not_make_an_unknown_script_readable(prefixed):
    assert not prefixed.encode(["谢谢", "תודה", "", "한국어"]).any()


def test_the_first_token_can_stand_for_the_text(bert):
    mean, first = started(bert), started(bert, pooling="cls")

    assert first.name == f"{mean.name}-cls"
    assert not np.allclose(mean.encode([ENGLISH]), first.encode([ENGLISH]), atol=1e-3)


@pytest.mark.parametrize(
    ("ways", "pooling"),
    [
        ({"pooling_mode_cls_token": True}, "cls"),
        ({"pooling_mode_cls_token": False, "pooling_mode_mean_tokens": True}, "mean"),
        ({"pooling_mode": "cls"}, "cls"),
    ],
)
def test_the_pooling_is_the_folders_own(tmp_path, ways, pooling):
    pooled(tmp_path, ways)

    assert pooling_of(tmp_path) == pooling
    assert pooling_of(tmp_path, "mean") == "mean"


def test_a_pooling_that_is_not_known_is_refused(tmp_path):
    pooled(tmp_path, {"pooling_mode_max_tokens": True})

    with pytest.raises(EngineError, match="Set ENCODER_POOLING to mean or cls"):
        pooling_of(tmp_path)


def pooled(folder, ways):
    (folder / "modules.json").write_text(
        json.dumps([{"type": "sentence_transformers.models.Pooling", "path": "1_Pooling"}])
    )
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(ways))


@pytest.mark.parametrize(
    ("known", "wanted", "prefix"),
    [
        ({"prompts": {"query": "q: "}, "default_prompt_name": "query"}, "", "q: "),
        ({"prompts": {"query": "q: "}, "default_prompt_name": None}, "", ""),
        ({"prompts": {"query": "q: ", "classification": "c: "}}, "", "c: "),
        ({"prompts": {"query": "q: "}, "default_prompt_name": "query"}, "none", ""),
        ({"prompts": {"query": "q: "}}, "query:", "query: "),
        ({}, "检索", "检索"),
        ([], "", ""),
    ],
)
def test_the_prefix_is_the_folders_own_unless_one_is_set(tmp_path, known, wanted, prefix):
    (tmp_path / "config_sentence_transformers.json").write_text(json.dumps(known))

    assert prefix_of(tmp_path, wanted) == prefix


def test_weights_in_several_files_are_read(tmp_path):
    whole = make("bert", tmp_path / "whole")
    import torch
    from transformers import AutoModel

    parts = tmp_path / "parts"
    shutil.copytree(whole, parts)
    (parts / "model.safetensors").unlink()
    model = AutoModel.from_pretrained(whole, dtype=torch.float32)
    model.save_pretrained(parts, max_shard_size="40KB")

    assert len(list(parts.glob("model-*.safetensors"))) > 1
    assert np.allclose(started(whole).encode([ENGLISH]), started(parts).encode([ENGLISH]))


def rename(folder, old, new):
    (folder / old).rename(folder / new)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (
            lambda at: rename(at, "model.safetensors", "pytorch_model.bin"),
            "holds its weights pickled",
        ),
        (lambda at: (at / "model.safetensors").unlink(), "No weights can be read"),
        (lambda at: (at / "config.json").unlink(), "has no config.json"),
        (lambda at: (at / "config.json").write_text("{"), "cannot be loaded"),
        (lambda at: (at / "config.json").write_text('{"model_type": "x"}'), "cannot be loaded"),
        (lambda at: (at / "tokenizer.json").unlink(), "tokenizer"),
        (lambda at: (at / "tokenizer.json").write_text("{}"), "tokenizer"),
        (lambda at: (at / "model.safetensors").write_bytes(b"\x00" * 99), "cannot be loaded"),
        (lambda at: (at / "modules.json").write_text("?"), "modules.json"),
    ],
)
def test_a_spoilt_folder_is_refused_in_words(bert, spoil, message):
    spoil(bert)

    with pytest.raises(EngineError, match=message) as refused:
        started(bert)
    assert len(str(refused.value)) < 500


def test_weights_cut_short_are_refused(bert):
    path = bert / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1000])

    with pytest.raises(EngineError, match="cannot be loaded"):
        started(bert)


def test_weights_of_another_shape_are_refused(bert):
    config = json.loads((bert / "config.json").read_text())
    (bert / "config.json").write_text(json.dumps({**config, "num_hidden_layers": 5}))

    with pytest.raises(EngineError, match=r"do not fit its config\.json"):
        started(bert)


def test_a_tokenizer_of_a_larger_model_is_refused(tmp_path):
    folder = make("bert", tmp_path / "small", vocab_size=50)

    with pytest.raises(EngineError, match="more tokens than its model"):
        started(folder)


def test_a_decoder_is_refused(tmp_path):
    with pytest.raises(EngineError, match="gpt2, which is no encoder"):
        started(make("gpt2", tmp_path / "gpt2"))


def test_shards_outside_the_folder_are_refused(bert):
    (bert / "model.safetensors").unlink()
    index = {"weight_map": {"embeddings": "../secrets.safetensors"}}
    (bert / "model.safetensors.index.json").write_text(json.dumps(index))

    with pytest.raises(EngineError, match="not safetensors beside it"):
        started(bert)


def test_code_of_a_folder_is_never_run(bert, tmp_path):
    ran = tmp_path / "ran"
    config = json.loads((bert / "config.json").read_text())
    own = {"model_type": "own", "auto_map": {"AutoConfig": "own.Own", "AutoModel": "own.Own"}}
    (bert / "config.json").write_text(json.dumps({**config, **own}))
    (bert / "own.py").write_text(f"open({str(ran)!r}, 'w')\nclass Own: pass\n")

    with pytest.raises(EngineError):
        started(bert)
    assert not ran.exists()


def test_what_is_no_number_counts_as_unread_and_is_told_once(bert, caplog):
    import torch

    engine = started(bert)
    with torch.no_grad():
        engine._model.embeddings.word_embeddings.weight[:] = float("nan")

    with caplog.at_level(logging.ERROR):
        for _ in range(2):
            assert not engine.encode([ENGLISH]).any()
        [reading] = engine.read([ENGLISH])

    assert np.isfinite(reading.states).all()
    assert not reading.vector.any()
    assert [record.message for record in caplog.records] == ["encoder_gave_no_numbers"]

"""Finding an encoder: a folder, the cache, the hub. No test asks the net."""

from __future__ import annotations

import shutil

import pytest

from inference.encoders import folder as encoder_folder
from inference.encoders.bert_engine import BertEngine
from inference.encoders.folder import packaged_folder
from inference.engine import EngineError
from tests.inference.test_encoders import bert, started  # noqa: F401 - a fixture

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", ["/nowhere/at-all", "./nowhere", "no such name", "a/b/c"])
def test_a_folder_that_is_not_there_is_named(name):
    with pytest.raises(EngineError, match="there is no folder"):
        BertEngine(name)


def test_a_hub_out_of_reach_is_said_with_what_to_do(monkeypatch, tmp_path):
    import huggingface_hub

    def unreachable(name, **options):
        if options.get("local_files_only"):
            raise huggingface_hub.errors.LocalEntryNotFoundError("not here")
        raise ConnectionError("no route")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", unreachable)

    with pytest.raises(EngineError, match=r"hub cannot be reached from here .* copy its folder"):
        encoder_folder.find("someone/some-model")


def test_a_name_is_looked_up_in_the_cache_first(monkeypatch, bert):  # noqa: F811
    import huggingface_hub

    asked = []

    def cached(name, **options):
        asked.append(options)
        return str(bert)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", cached)
    engine = started("someone/some-model")

    assert asked == [{"local_files_only": True}]
    assert engine.name.startswith("some-model-")


def test_what_is_fetched_is_never_pickled(monkeypatch, tmp_path):
    import huggingface_hub

    asked = []

    def fetched(name, **options):
        asked.append(options)
        return str(tmp_path)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", fetched)

    assert encoder_folder.find("someone/some-model") == tmp_path
    assert not any("bin" in pattern or pattern == "*" for pattern in asked[1]["allow_patterns"])


def test_names_fit_the_column(tmp_path):
    folder = tmp_path / ("a very long name " * 9)
    shutil.copytree(packaged_folder(), folder)

    assert len(started(folder, pooling="cls", prefix="query:").name) <= 100

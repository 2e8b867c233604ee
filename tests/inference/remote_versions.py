"""Remote versions for tests."""

from __future__ import annotations

from inference.models import ModelKind, ModelVersion, Stage
from inference.remote.add import configuration_of

CHOSEN = {
    "protocol": "chat",
    "base_url": "http://127.0.0.1:9/v1",
    "model": "tiny",
    "key_variable": "",
    "timeout": 5,
    "price_in": "1",
    "price_out": "2",
    "instructions": "",
}


def make_remote(question, **chosen) -> ModelVersion:
    given = {**CHOSEN, **chosen}
    return ModelVersion.objects.create(
        project=question.project,
        question=question,
        name="tiny",
        number=question.model_versions.count() + 1,
        kind=ModelKind.REMOTE,
        stage=Stage.CHALLENGER,
        parameters=configuration_of(question, given).parameters(),
    )

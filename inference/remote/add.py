"""Making a remote version: what the owner chose, and what is sent to it, fixed from then on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from inference.evaluating.job import evaluate_later
from inference.models import ModelKind, ModelVersion, RemoteUse, Stage
from inference.registry import next_number
from inference.remote.configuration import Configuration, RemoteProtocol, asks_of
from inference.remote.label_studio import label_config
from inference.remote.prompt import prompt_of
from projects.models import Question, User


class SameAgain(Exception):
    """There is such a version already."""

    def __init__(self, version: ModelVersion) -> None:
        super().__init__(f"{version} is the same, with the same labels and guidelines.")
        self.version = version


def configuration_of(question: Question, chosen: Mapping[str, Any]) -> Configuration:
    """`chosen`: protocol, base_url, model, key_variable, timeout, price_in, price_out and
    instructions. Reads labels and guidelines as they are now.
    """
    labels = list(question.labels.all())
    asks = asks_of(question)
    names = [label.name for label in labels]
    if chosen["protocol"] == RemoteProtocol.CHAT:
        prompt = prompt_of(question, labels, asks, chosen["instructions"])
    else:
        prompt = label_config(names, asks)
    return Configuration(
        **chosen,
        asks=asks,
        optional=not question.required,
        labels=tuple(label.pk for label in labels),
        names=tuple(names),
        prompt=prompt,
    )


def add_remote(
    *, question: Question, name: str, configuration: Configuration, author: User
) -> ModelVersion:
    """A challenger, to be measured on blind documents. Raises SameAgain."""
    parameters = configuration.parameters()
    with transaction.atomic():
        Question.objects.select_for_update().get(pk=question.pk)  # one after the other
        of_question = ModelVersion.objects.filter(question=question, kind=ModelKind.REMOTE)
        for version in of_question.select_related("project", "question"):
            if version.parameters == parameters and version.name == name:
                raise SameAgain(version)
        version = ModelVersion.objects.create(
            project=question.project,
            question=question,
            name=name,
            number=next_number(question),
            kind=ModelKind.REMOTE,
            stage=Stage.CHALLENGER,
            parameters=parameters,
            author=author,
        )
        RemoteUse.objects.create(model_version=version)
        evaluate_later(version)
    return version

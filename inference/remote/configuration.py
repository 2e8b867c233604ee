"""What makes a remote version; all of it is fixed with the version, down to the words sent."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any, Literal, Self

from django.db import models

from inference.remote.addresses import place_of
from inference.remote.asking import Endpoint
from inference.remote.keys import key_of
from inference.remote.problems import Misplaced, Unusable
from projects.models import Question, QuestionKind

MILLION = 1_000_000
Asks = Literal["one", "several", "spans"]


class RemoteProtocol(models.TextChoices):
    CHAT = "chat", "OpenAI-compatible chat completions"
    LABEL_STUDIO = "label_studio", "Label Studio ML backend"


@dataclass(frozen=True, slots=True)
class Configuration:
    """`prompt`: the words sent with every text, or a label config. `labels` and `names`: the ids
    of the labels and what the prompt calls them, in its order. Prices are of a million tokens.
    """

    protocol: str
    base_url: str
    model: str
    key_variable: str
    timeout: int
    price_in: str
    price_out: str
    instructions: str
    asks: Asks
    optional: bool
    labels: tuple[int, ...]
    names: tuple[str, ...]
    prompt: str

    def parameters(self) -> dict[str, Any]:
        digest = hashlib.sha256(self.prompt.encode()).hexdigest()
        return {
            **asdict(self),
            "labels": list(self.labels),
            "names": list(self.names),
            "prompt_sha256": digest,
        }

    @classmethod
    def of(cls, parameters: Mapping[str, Any]) -> Self:
        given = {name: parameters[name] for name in cls.__slots__}
        return cls(**{**given, "labels": tuple(given["labels"]), "names": tuple(given["names"])})

    @property
    def ids(self) -> dict[str, int]:
        return dict(zip(self.names, self.labels, strict=True))

    def endpoint(self) -> Endpoint:
        """Raises Unusable where the server's settings do not let it be called any more."""
        try:
            place = place_of(self.base_url)
            key = key_of(self.key_variable, place)
        except Misplaced as why:
            raise Unusable(str(why)) from why
        if not key:
            return Endpoint(place, self.timeout)
        if self.protocol == RemoteProtocol.LABEL_STUDIO:
            basic = b64encode(key.encode()).decode()
            return Endpoint(place, self.timeout, {"Authorization": f"Basic {basic}"}, (basic, key))
        return Endpoint(place, self.timeout, {"Authorization": f"Bearer {key}"}, (key,))

    def cost(self, tokens_in: int, tokens_out: int) -> Decimal:
        price = tokens_in * Decimal(self.price_in) + tokens_out * Decimal(self.price_out)
        return price / MILLION


def asks_of(question: Question) -> Asks:
    if question.kind == QuestionKind.SPAN:
        return "spans"
    return "several" if question.multiple else "one"

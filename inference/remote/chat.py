"""OpenAI-compatible chat completions: POST <base URL>/chat/completions.

https://platform.openai.com/docs/api-reference/chat. Endpoints differ in what they take: a JSON
schema, any JSON, or neither, with a temperature or without. The first form that an endpoint takes
is kept.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from inference.predicting import Items
from inference.remote.answers import Texts, read_answer
from inference.remote.asking import Endpoint, Spent
from inference.remote.configuration import Asks, Configuration
from inference.remote.problems import NotTaken, Refused
from inference.remote.prompt import schema_of

FORMS = tuple(product(("json_schema", "json_object", None), (0, None)))
"""Response format and temperature, the strictest first."""
MOST_TOKENS = 10_000_000
"""Of one answer; a figure beyond it is no count."""


@dataclass
class ChatModel:
    configuration: Configuration
    endpoint: Endpoint
    overlapping: bool
    form: tuple[str | None, int | None] | None = field(default=None, init=False)

    def ask(self, texts: Texts, spent: Spent) -> Items:
        """Raises Refused, CallFailed and Unusable."""
        reply = self._complete(texts, spent)
        _count(reply, spent)
        return read_answer(_content(reply), self.configuration, texts, overlapping=self.overlapping)

    def _complete(self, texts: Texts, spent: Spent) -> Any:
        first: NotTaken | None = None
        for form in (self.form,) if self.form else FORMS:
            try:
                reply = self.endpoint.ask("/chat/completions", self._request(texts, *form), spent)
            except NotTaken as why:
                first = first or why
            else:
                self.form = form
                return reply
        raise first or Refused("There was no form left to ask in.")

    def _request(
        self, texts: Texts, response_format: str | None, temperature: int | None
    ) -> dict[str, Any]:
        request: dict[str, Any] = {
            "model": self.configuration.model,
            "messages": [
                {"role": "system", "content": self.configuration.prompt},
                {"role": "user", "content": json.dumps(texts, ensure_ascii=False)},
            ],
        }
        if temperature is not None:
            request["temperature"] = temperature
        if response_format == "json_object":
            request["response_format"] = {"type": "json_object"}
        elif response_format == "json_schema":
            request["response_format"] = self._schema(texts)
        return request

    def _schema(self, texts: Texts) -> dict[str, Any]:
        asks: Asks = self.configuration.asks
        schema = schema_of(
            asks, self.configuration.names, list(texts), optional=self.configuration.optional
        )
        return {
            "type": "json_schema",
            "json_schema": {"name": "answer", "strict": True, "schema": schema},
        }


def _content(reply: Any) -> str:
    """The model's words. Raises Refused."""
    match reply:
        case {"choices": [{"finish_reason": "length"}, *_]}:
            raise Refused("Its answer was cut off before its end.")
        case {"choices": [{"message": {"refusal": str(why)}}, *_]} if why:
            raise Refused("It declined to answer.")
        case {"choices": [{"message": {"content": str(content)}}, *_]} if content.strip():
            return content
        case _:
            raise Refused("What came back is no chat completion with an answer in it.")


def _count(reply: Any, spent: Spent) -> None:
    usage = reply.get("usage") if isinstance(reply, dict) else None
    if isinstance(usage, Mapping):
        spent.tokens_in += _tokens(usage.get("prompt_tokens"))
        spent.tokens_out += _tokens(usage.get("completion_tokens"))


def _tokens(value: Any) -> int:
    return value if type(value) is int and 0 <= value <= MOST_TOKENS else 0

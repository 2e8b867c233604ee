"""The mean of a text's tokens as one more layer of a BERT, so that it stays a plain BERT.

Encoders that were made for sentences say most in the mean of their tokens, while the classifiers
of transformers look at the first token. A layer whose queries and keys are zero attends to all
tokens alike; with values that pass through, what the first token holds after it is their mean,
normed. Training then moves this layer as every other.
"""

from __future__ import annotations

import copy
from typing import Any

OUTWEIGHS = 30.0
"""How many times the mean counts for what the token itself held before."""


def add_mean_layer(model: Any) -> bool:
    """Whether it could: an encoder with other parts than BERT's is left as it is."""
    import torch

    layers = getattr(getattr(model.base_model, "encoder", None), "layer", None)
    if not isinstance(layers, torch.nn.ModuleList) or not _is_berts(layers[-1]):
        return False
    made: Any = copy.deepcopy(layers[-1])
    attention, size = made.attention, model.config.hidden_size
    with torch.no_grad():
        for each in (attention.self.query, attention.self.key, made.output.dense):
            each.weight.zero_()
            each.bias.zero_()
        for each, by in ((attention.self.value, 1.0), (attention.output.dense, OUTWEIGHS)):
            each.weight.copy_(by * torch.eye(size))
            each.bias.zero_()
        for norm in (attention.output.LayerNorm, made.output.LayerNorm):
            norm.weight.fill_(1.0)
            norm.bias.zero_()
    layers.append(made)
    model.config.num_hidden_layers = len(layers)
    return True


def _is_berts(layer: Any) -> bool:
    """Norms come after what they norm, and parts have the names that BERT gave them."""
    parts = (
        "attention.self.query.weight",
        "attention.self.key.weight",
        "attention.self.value.weight",
        "attention.output.dense.weight",
        "attention.output.LayerNorm.weight",
        "output.dense.weight",
        "output.LayerNorm.weight",
    )
    return set(parts) <= dict(layer.named_parameters()).keys()

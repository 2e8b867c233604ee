"""A good beginning for a choice: the fresh layers start where frozen vectors would have ended.

A head that fits first keeps the first steps from tearing apart what the encoder knows (Kumar et
al. 2022, arXiv 2202.10054). Sequence classifiers look at the first token through a dense layer
that has never been used: it is begun as the least-squares map from the first token to the mean of
all, and the last layer as the regression of the answers on what comes out.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from inference.choices.regression import Floats, Regression, near_to, unit
from inference.training.classifier import batches
from inference.training.network import Network, head_layers
from inference.training.rows import Row

MOST_ROWS = 12_000
RIDGE = 1.0
SPREAD = 0.3
"""Root mean square of what the dense layer gives: tanh is nearly straight there."""
STRENGTH = 0.03
STEPS = 150


def well_begun(network: Network, rows: Sequence[Row]) -> None:
    """Leaves a network of other parts, and one that tags words, as it is."""
    import torch

    dense, last = head_layers(network.model)
    if not network.begins_well:
        return
    few = [rows[place] for place in _spread(len(rows))]
    first, mean = states(network, few)
    inputs = np.column_stack([first, np.ones(len(first), dtype=np.float32)])
    wanted = unit(mean)
    wanted *= SPREAD / max(float(np.sqrt((wanted**2).mean())), 1e-6)
    firm = inputs.T @ inputs + RIDGE * np.eye(inputs.shape[1], dtype=np.float32)
    mapped = np.linalg.solve(firm, inputs.T @ wanted).astype(np.float32)
    pooled = np.tanh(inputs @ mapped)
    fitted = _regression(pooled, few, multiple=network.lessons.multiple)
    with torch.no_grad():
        for layer, weights, bias in (
            (dense, mapped[:-1].T, mapped[-1]),
            (last, fitted.weights, fitted.bias),
        ):
            layer.weight.copy_(torch.from_numpy(np.ascontiguousarray(weights)))
            layer.bias.copy_(torch.from_numpy(bias))


def states(network: Network, rows: Sequence[Row]) -> tuple[Floats, Floats]:
    """(n, d) of each row's first window: the first token's state, and the mean of all."""
    import torch

    model, ids = network.model.base_model.eval(), [row.parts[0] for row in rows]
    first = np.zeros((len(rows), model.config.hidden_size), dtype=np.float32)
    mean = np.zeros_like(first)
    for chosen in batches([len(one) for one in ids]):
        inputs = network.pieces.inputs([ids[row] for row in chosen], network.where)
        mask = inputs["attention_mask"]
        with torch.inference_mode():
            made = model(**inputs).last_hidden_state.float()
            shares = (mask / mask.sum(dim=1, keepdim=True)).unsqueeze(-1)
            first[chosen] = made[:, 0].cpu().numpy()
            mean[chosen] = (made * shares).sum(dim=1).cpu().numpy()
    return first, mean


def _regression(pooled: Floats, rows: Sequence[Row], *, multiple: bool) -> Regression:
    """Fitted to vectors of length one on the whole, for the strength to mean the same always."""
    length = np.float32(np.linalg.norm(pooled, axis=1).mean() or 1.0)
    chosen = np.stack([row.target for row in rows])
    nothing = np.zeros((chosen.shape[1], pooled.shape[1]), dtype=np.float32)
    fitted = near_to(
        Regression(nothing, nothing[:, 0]),
        pooled / length,
        chosen,
        strength=STRENGTH,
        multiple=multiple,
        steps=STEPS,
    )
    return Regression(fitted.weights / length, fitted.bias)


def _spread(count: int) -> list[int]:
    return sorted({round(place) for place in np.linspace(0, count - 1, min(count, MOST_ROWS))})

"""A training from its first step to its last, which can stop after any step and go on elsewhere.

The order of texts and what is dropped out follow from the seed and the number of the step alone,
so a training that was stopped and resumed comes to the same weights as one that was not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from inference.training.figures import Score, scored
from inference.training.lessons import CannotTrain
from inference.training.network import Network
from inference.training.rows import Row, as_tensors, from_tensors, order_of

POINTS = 100
"""Of the curve of the loss."""
LONGEST_GRADIENT = 1.0
BEYOND_CHANCE = 2.0
"""Standard errors: the best of many passes was lucky, too."""
GUESSED = 2
"""Texts with guessed labels that a pass reads for each answered one, while there are as many."""


class Course:
    """`step` of `total` are done. `losses`: (step, mean since the last one); `scores`: (step,
    figure on the validation part, its loss), the first before anything was learned. `seconds`: what
    it has taken, as far as whoever follows it has noted.
    """

    def __init__(self, network: Network, rows: Sequence[Row], validation: Sequence[Row]) -> None:
        import torch

        self.network, self.rows, self.validation = network, rows, validation
        self.guessed: Sequence[Row] = []
        self.optimizer = torch.optim.AdamW(network.groups(), fused=True)
        self.rates = [group["lr"] for group in self.optimizer.param_groups]
        self.step, self.seconds = 0, 0.0
        self.losses: list[list[float]] = []
        self.scores: list[list[float]] = []
        self.best: dict[str, Any] = {}
        self.best_epoch = 0
        self._since: list[float] = []
        self._order: tuple[int, list[list[Row]]] = (-1, [])

    @property
    def beside(self) -> int:
        """How many texts with guessed labels each pass reads."""
        return min(len(self.guessed), GUESSED * len(self.rows))

    @property
    def per_epoch(self) -> int:
        """Steps of a pass."""
        settings = self.network.settings
        batches = -(-(len(self.rows) + self.beside) // settings.batch)
        return -(-batches // settings.accumulation)

    @property
    def total(self) -> int:
        return self.per_epoch * self.network.settings.epochs

    @property
    def epoch(self) -> int:
        return self.step // self.per_epoch

    @property
    def is_over(self) -> bool:
        """All is done, or it has not become better for a while."""
        if self.step >= self.total or not self.validation:
            return self.step >= self.total
        top, *_ = max(self.scores, key=lambda score: score[1])  # the first of equals
        return self.step - top >= self.network.settings.patience * self.per_epoch

    @property
    def best_figure(self) -> float:
        """Of the pass that is kept."""
        return next(of for step, of, _ in self.scores if step == self.best_epoch * self.per_epoch)

    def begin(self, guessed: Sequence[Row] = ()) -> None:
        """What it is worth before the first step. `guessed`: what else it is to learn from."""
        self.guessed = guessed
        if not self.scores:
            self._try_out()

    def advance(self) -> None:
        """One step; at the end of a pass also a look at the validation part. Raises CannotTrain."""
        import torch

        settings = self.network.settings
        epoch, place = divmod(self.step, self.per_epoch)
        first = place * settings.accumulation
        batches = self._batches(epoch)[first : first + settings.accumulation]
        for group, rate in zip(self.optimizer.param_groups, self.rates, strict=True):
            group["lr"] = rate * slope(self.step, self.total, settings.warm_up)
        with torch.random.fork_rng():  # for what the model drops out
            torch.manual_seed(settings.seed * 1_000_003 + self.step)
            loss = self._learn(batches, epoch)
        self.step += 1
        self._note(loss)
        if self.step % self.per_epoch == 0:
            self._try_out()

    def state(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """All that `resume` needs: tensors by name, and numbers."""
        tensors = {f"model/{name}": of for name, of in self.network.tensors().items()}
        tensors |= {f"best/{name}": of for name, of in self.best.items()}
        for name, parameter in self.network.moving().items():
            for key, of in self.optimizer.state.get(parameter, {}).items():
                tensors[f"{key}/{name}"] = of.detach().cpu()
        tensors |= as_tensors(self.guessed)
        numbers = {
            "step": self.step,
            "losses": self.losses,
            "scores": self.scores,
            "best_epoch": self.best_epoch,
            "since": self._since,
            "seconds": self.seconds,
        }
        return tensors, numbers

    def resume(self, tensors: Mapping[str, Any], numbers: Mapping[str, Any]) -> None:
        """Go on from a state. Raises KeyError where something is missing."""
        self.network.take({name: tensors[f"model/{name}"] for name in self.network.moving()})
        for name, parameter in self.network.moving().items():
            state = {
                key: tensors[f"{key}/{name}"]
                for key in ("step", "exp_avg", "exp_avg_sq")
                if f"{key}/{name}" in tensors
            }
            for key, of in state.items():
                state[key] = of if key == "step" else of.to(parameter.device)
            if state:
                self.optimizer.state[parameter] = state
        self.best = {
            name.removeprefix("best/"): of
            for name, of in tensors.items()
            if name.startswith("best/")
        }
        self.step, self.best_epoch = numbers["step"], numbers["best_epoch"]
        self.losses, self.scores = numbers["losses"], numbers["scores"]
        self._since, self.seconds = numbers["since"], numbers["seconds"]
        self.guessed = from_tensors(tensors)

    def finish(self) -> list[Any]:
        """Put the best weights back; returns the logits of the validation part."""
        self.network.take(self.best)
        return self.network.logits(self.validation)

    def _batches(self, epoch: int) -> list[list[Row]]:
        """Of one pass: all rows, and of the guessed ones those whose turn it is."""
        if self._order[0] != epoch:
            settings, count = self.network.settings, len(self.guessed)
            turn = range(epoch * self.beside, (epoch + 1) * self.beside)
            rows = [*self.rows, *(self.guessed[place % count] for place in turn)]
            lengths = [len(row.read_in(epoch)) for row in rows]
            order = order_of(lengths, settings.batch, [settings.seed, epoch])
            self._order = epoch, [[rows[place] for place in batch] for batch in order]
        return self._order[1]

    def _learn(self, batches: Sequence[Sequence[Row]], epoch: int) -> float:
        """The mean loss. Raises CannotTrain when it is no number."""
        import torch

        self.network.model.train()
        self.optimizer.zero_grad()
        count, total = sum(map(len, batches)), 0.0
        for batch in batches:
            loss = self.network.loss(batch, epoch) * (len(batch) / count)
            torch.autograd.backward(loss)
            total += float(loss.detach())
        parameters = list(self.network.moving().values())
        length = torch.nn.utils.clip_grad_norm_(parameters, LONGEST_GRADIENT)
        if not torch.isfinite(length):
            raise CannotTrain(
                f"At step {self.step + 1} the loss was no number any more. Train again with a "
                "smaller learning rate."
            )
        self.optimizer.step()
        return total

    def _note(self, loss: float) -> None:
        self._since.append(loss)
        if len(self._since) >= max(1, self.total // POINTS):
            self.losses.append([self.step, round(sum(self._since) / len(self._since), 5)])
            self._since = []

    def _try_out(self) -> None:
        score: Score = scored(
            self.network.logits(self.validation), self.validation, self.network.lessons
        )
        best = max((of for _, of, _ in self.scores), default=-1.0)
        self.scores.append([self.step, score.figure, score.loss])
        # As the rate falls a later pass is the better one, unless it is worse beyond chance.
        error = (best * (1 - best) / max(len(self.validation), 1)) ** 0.5 if best > 0 else 0.0
        if score.figure >= best - BEYOND_CHANCE * error:
            self.best, self.best_epoch = self.network.tensors(), self.epoch


def slope(step: int, total: int, warm_up: float) -> float:
    """The share of the learning rate at a step: up, then down to nothing, in two lines."""
    rising = max(1, round(total * warm_up))
    return min((step + 1) / rising, (total - step) / max(1, total - rising))

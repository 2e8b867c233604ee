from inference.models.live_weights import LiveWeights
from inference.models.measurement import Measurement
from inference.models.model_version import ModelKind, ModelVersion, Stage
from inference.models.suggestion import Suggestion
from inference.models.vector import Vector
from inference.models.word_states import WordStates

__all__ = [
    "LiveWeights",
    "Measurement",
    "ModelKind",
    "ModelVersion",
    "Stage",
    "Suggestion",
    "Vector",
    "WordStates",
]

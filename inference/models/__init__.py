from inference.models.auto_label import UNDER_WAY, AutoLabelDocument, AutoLabelRun, Role, RunState
from inference.models.comparison import Comparison
from inference.models.live_weights import LiveWeights
from inference.models.measurement import Measurement
from inference.models.model_version import PROMOTABLE, ModelKind, ModelVersion, Stage
from inference.models.promotion import Promotion
from inference.models.remote_failure import RemoteFailure
from inference.models.remote_use import RemoteUse
from inference.models.suggestion import Suggestion
from inference.models.vector import Vector
from inference.models.word_states import WordStates

__all__ = [
    "PROMOTABLE",
    "UNDER_WAY",
    "AutoLabelDocument",
    "AutoLabelRun",
    "Comparison",
    "LiveWeights",
    "Measurement",
    "ModelKind",
    "ModelVersion",
    "Promotion",
    "RemoteFailure",
    "RemoteUse",
    "Role",
    "RunState",
    "Stage",
    "Suggestion",
    "Vector",
    "WordStates",
]

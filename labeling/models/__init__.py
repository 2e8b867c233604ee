from labeling.models.annotation import Annotation, AnnotationState, Answer, Origin
from labeling.models.draft import Draft
from labeling.models.event import Event, EventKind
from labeling.models.exposure import Exposure
from labeling.models.model_annotation import ModelAnnotation
from labeling.models.presence import Presence
from labeling.models.slot import Slot, SlotState

__all__ = [
    "Annotation",
    "AnnotationState",
    "Answer",
    "Draft",
    "Event",
    "EventKind",
    "Exposure",
    "ModelAnnotation",
    "Origin",
    "Presence",
    "Slot",
    "SlotState",
]

from labeling.models.annotation import Annotation, AnnotationState, Answer, Origin
from labeling.models.draft import Draft
from labeling.models.event import Event, EventKind
from labeling.models.exposure import Exposure
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
    "Origin",
    "Presence",
    "Slot",
    "SlotState",
]

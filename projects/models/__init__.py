from projects.models.document import Document, DocumentState, document_hash
from projects.models.job import Job, JobState
from projects.models.membership import Invite, Membership, Role
from projects.models.project import RANKED, GuidelineVersion, Project, QueueOrder
from projects.models.question import USABLE, Label, Question, QuestionKind
from projects.models.user import User
from projects.models.worker import WorkerBeat

__all__ = [
    "RANKED",
    "USABLE",
    "Document",
    "DocumentState",
    "GuidelineVersion",
    "Invite",
    "Job",
    "JobState",
    "Label",
    "Membership",
    "Project",
    "Question",
    "QuestionKind",
    "QueueOrder",
    "Role",
    "User",
    "WorkerBeat",
    "document_hash",
]

from django.conf import settings
from django.db import models
from django.db.models import Q


class RunState(models.TextChoices):
    SCORING = "scoring", "Reading what remains"
    ANSWERING = "answering", "People answer the sample"
    APPLYING = "applying", "Labelling"
    APPLIED = "applied", "Labelled"
    UNDOING = "undoing", "Taking it back"
    UNDONE = "undone", "Taken back"
    STOPPED = "stopped", "Stopped"


UNDER_WAY = (RunState.SCORING, RunState.ANSWERING, RunState.APPLYING, RunState.UNDOING)


class AutoLabelRun(models.Model):
    """A frozen model labels what remains, with a bound on how much of that is wrong on average."""

    project = models.ForeignKey(
        "projects.Project", on_delete=models.CASCADE, related_name="auto_label_runs"
    )
    question = models.ForeignKey(
        "projects.Question", on_delete=models.CASCADE, related_name="auto_label_runs"
    )
    model_version = models.ForeignKey(
        "inference.ModelVersion", on_delete=models.PROTECT, related_name="auto_label_runs"
    )
    version = models.CharField(max_length=40, help_text="As it was then: a live version moves on.")
    weights = models.BinaryField(
        default=b"", help_text="Of a live head: its safetensors, frozen with the run."
    )
    state = models.CharField(max_length=10, choices=RunState.choices, default=RunState.SCORING)
    target = models.FloatField(help_text="The share that may be wrong on average.")
    calibration = models.PositiveIntegerField(help_text="Documents to draw for calibration.")
    audit = models.PositiveIntegerField(default=0, help_text="Of what was labelled, to check.")
    seed = models.PositiveBigIntegerField()
    figures = models.JSONField(default=dict, blank=True)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    job = models.ForeignKey(
        "projects.Job", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    applied_at = models.DateTimeField(null=True, blank=True)
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["project", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["question"],
                condition=Q(state__in=UNDER_WAY),
                name="auto_label_one_under_way",
            )
        ]

    def __str__(self) -> str:
        return f"Run {self.pk} of question {self.question_id}"


class Role(models.TextChoices):
    CALIBRATION = "calibration", "Calibration sample"
    AUDIT = "audit", "Audit sample"
    REST = "rest", "The rest"


class AutoLabelDocument(models.Model):
    """A document that remained when a run began, and what its frozen model said of it."""

    run = models.ForeignKey(AutoLabelRun, on_delete=models.CASCADE, related_name="documents")
    document = models.ForeignKey("projects.Document", on_delete=models.CASCADE, related_name="+")
    role = models.CharField(max_length=12, choices=Role.choices, default=Role.REST)
    items = models.JSONField(default=list, help_text="As a suggestion's.")
    score = models.FloatField(default=0, help_text="How sure the model is; higher is surer.")
    p_value = models.FloatField(null=True, blank=True)
    selected = models.BooleanField(default=False)

    class Meta:
        ordering = ["run", "-score", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["run", "document"], name="auto_label_document_unique")
        ]
        indexes = [models.Index(fields=["run", "role", "selected"], name="auto_label_role")]

    def __str__(self) -> str:
        return f"Document {self.document_id} in run {self.run_id}"

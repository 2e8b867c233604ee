from django.db import models


class LiveWeights(models.Model):
    """The newest good weights of a question's live head, and whose turn it is to fit newer ones.

    Whoever changes what there is to learn raises `wanted`. One process at a time holds the lease,
    by a conditional UPDATE; it stores what it fitted under its `fence`, which each new holder
    raises, so that a holder who fell asleep cannot overwrite newer weights.
    """

    question = models.OneToOneField(
        "projects.Question", on_delete=models.CASCADE, related_name="live_weights"
    )
    wanted = models.PositiveBigIntegerField(default=1)
    fitted = models.PositiveBigIntegerField(
        default=0, help_text="What was wanted when the last fit began."
    )
    owner = models.CharField(max_length=40, blank=True)
    leased_until = models.DateTimeField(null=True, blank=True)
    fence = models.PositiveBigIntegerField(default=0)
    stamp = models.JSONField(default=dict, blank=True, help_text="What the weights depend on.")
    labels = models.JSONField(default=list, blank=True, help_text="Label ids, column by column.")
    model_version = models.ForeignKey(
        "inference.ModelVersion", null=True, on_delete=models.CASCADE, related_name="+"
    )
    version = models.CharField(max_length=40, blank=True)
    values = models.BinaryField(default=b"", help_text="safetensors.")
    fitted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "live weights"

    def __str__(self) -> str:
        return f"Weights {self.version or 'to be fitted'} of question {self.question_id}"

from django.db import models


class RemoteUse(models.Model):
    """How often a remote version was asked, what it cost, and what went wrong last."""

    model_version = models.OneToOneField(
        "inference.ModelVersion", on_delete=models.CASCADE, related_name="remote_use"
    )
    calls = models.PositiveBigIntegerField(default=0)
    failures = models.PositiveBigIntegerField(default=0)
    tokens_in = models.PositiveBigIntegerField(default=0)
    tokens_out = models.PositiveBigIntegerField(default=0)
    cost = models.DecimalField(max_digits=14, decimal_places=6, default=0)
    last_error = models.CharField(max_length=500, blank=True)
    last_error_at = models.DateTimeField(null=True, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"{self.calls} calls of {self.model_version_id}"

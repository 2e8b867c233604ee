from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("corpus", "0002_spans_and_set_up"),
    ]

    operations = [
        migrations.AddField(
            model_name="export",
            name="unsaid_count",
            field=models.PositiveBigIntegerField(
                default=0, help_text="How much the format could not say; `unsaid` has the first."
            ),
        ),
        migrations.AlterField(
            model_name="export",
            name="format",
            field=models.CharField(default="csv", max_length=20),
        ),
    ]

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('inference', '0001_initial'),
        ('projects', '0002_jobs_and_workers'),
    ]

    operations = [
        migrations.CreateModel(
            name='WordStates',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('text_hash', models.CharField(max_length=64)),
                ('encoder', models.CharField(help_text='Engine name: the weights it came from.', max_length=100)),
                ('values', models.BinaryField(help_text='Little-endian float16, word by word.')),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='word_states', to='projects.project')),
            ],
            options={
                'verbose_name_plural': 'word states',
                'constraints': [models.UniqueConstraint(fields=('project', 'encoder', 'text_hash'), name='word_states_unique')],
            },
        ),
    ]

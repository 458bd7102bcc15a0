"""Let a key be decided about again when more has come."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("billing", "0002_final")]

    operations = [
        migrations.AlterField(
            model_name="blockerdecision", name="key", field=models.CharField(max_length=200)
        ),
        migrations.AddConstraint(
            model_name="blockerdecision",
            constraint=models.UniqueConstraint(name="decision_once_as_it_stands", fields=["key", "message"]),
        ),
    ]

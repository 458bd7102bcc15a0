"""Let the database refuse to change what was issued."""

from django.db import migrations

from chakka.portal.billing.protection import protect


class Migration(migrations.Migration):
    dependencies = [("billing", "0001_initial")]

    operations = [migrations.RunPython(protect, migrations.RunPython.noop, elidable=False)]

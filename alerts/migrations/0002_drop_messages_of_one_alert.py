"""Drop messages that tell of one alert each; nothing has ever written one."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("alerts", "0001_tell_people")]

    operations = [migrations.DeleteModel(name="Notification")]

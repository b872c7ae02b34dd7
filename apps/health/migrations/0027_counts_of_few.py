from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("health", "0026_more_papers")]

    operations = [
        migrations.AddField(model_name="signal", name=name, field=models.IntegerField(null=True))
        for name in ("bad", "total", "room")
    ]

"""Hold what workers are checking in rows of its own: a claim writes no integration's row."""

import django.contrib.postgres.fields
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("integrations_health", "0016_find_days_of_trouble"),
    ]

    operations = [
        migrations.CreateModel(
            name="ClaimedBatch",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("provider", models.CharField(max_length=50)),
                ("leased_until", models.DateTimeField()),
                (
                    "integration_ids",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.UUIDField(), size=None
                    ),
                ),
                (
                    "check_seqs",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), size=None
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "claimed batches",
                "db_table": "claimed_batches",
            },
        ),
        migrations.RemoveField(
            model_name="healthcheck",
            name="leased_until",
        ),
        migrations.AlterField(
            model_name="healthcheck",
            name="slot_at",
            field=models.DateTimeField(
                blank=True, db_default=django.db.models.functions.datetime.Now(), null=True
            ),
        ),
        migrations.AddIndex(
            model_name="healthcheck",
            index=models.Index(
                condition=models.Q(("crash_count__gt", 0), ("enabled", True)),
                fields=["provider", "next_check_at"],
                name="idx_health_suspect",
            ),
        ),
        migrations.AddConstraint(
            model_name="claimedbatch",
            constraint=models.CheckConstraint(
                condition=models.Q(("integration_ids__len", models.F("check_seqs__len"))),
                name="each_claimed_integration_has_its_number",
            ),
        ),
        # 24 bytes for each of a thousand integrations: to compress random ids is time for nothing.
        migrations.RunSQL(
            "ALTER TABLE claimed_batches ALTER integration_ids SET STORAGE EXTERNAL,"
            " ALTER check_seqs SET STORAGE EXTERNAL,"
            # A sample says nothing of a table that is emptied all the time. By one with 1,000
            # elements in each row PostgreSQL would take dead rows for millions, and not hash them.
            " ALTER integration_ids SET STATISTICS 0, ALTER check_seqs SET STATISTICS 0",
            reverse_sql=migrations.RunSQL.noop,
        ),
    ]

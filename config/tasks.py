"""What Celery runs that concerns the product as a whole."""

from celery import shared_task
from django.core.management import call_command

from config import exposition, pushing


# Beside the senders, as the look at incidents is: maintenance may take minutes, in which whoever
# watches us would take us for dead. A gateway that swallows what it is sent is soon left alone.
@shared_task(queue="notifications", soft_time_limit=50, time_limit=60)
def tell_prometheus() -> None:
    """Keep up what Prometheus is told, whether it asks or not, and push it where that is wanted."""
    exposition.keep_up()
    pushing.push()


@shared_task(queue="maintenance")
def clear_sessions() -> None:
    """Delete the sessions of browsers that have run out."""
    call_command("clearsessions")

"""Shift the wall clock of one process by CLOCK_SKEW_SECONDS: Python imports this as it starts."""

import os
from datetime import timedelta

import time_machine

time_machine.travel(timedelta(seconds=float(os.environ["CLOCK_SKEW_SECONDS"]))).start()

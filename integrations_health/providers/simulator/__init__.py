"""The providers as they behave on the wire, with scripted faults: for demo, tests and benchmarks.

with running() as simulator:
    account = simulator.connect("composio", "gmail", script="ok*3, 500*5, hang")
    ... ask simulator.base_url ...
"""

from integrations_health.providers.simulator.accounts import Account
from integrations_health.providers.simulator.faults import BadScript, Fault
from integrations_health.providers.simulator.serve import running
from integrations_health.providers.simulator.world import Simulator, UnknownAccount

__all__ = ["Account", "BadScript", "Fault", "Simulator", "UnknownAccount", "running"]

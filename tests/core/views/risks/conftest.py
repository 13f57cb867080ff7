"""The sample's risk register."""

from tests.worlds.risk_facts import told, view  # noqa: F401

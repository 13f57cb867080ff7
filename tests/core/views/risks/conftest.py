"""The sample's risk register."""

from tests.worlds.governed.risk_facts import told, view  # noqa: F401

"""Registry entries that several tests write down."""

from __future__ import annotations

REPLY = """apiVersion: calledger/v1
kind: ConfidenceSignal
metadata: {name: s, labels: {stakes: high}}
spec:
  owner: user:t/ann
  deputies: [user:t/bob]
  validators: [user:t/val]
  riskApprovers: [user:t/rita]
  decision: "sends the reply"
  validation:
    maxAgeDays: 90
    minSamples: 400
    criteria: [{metric: ece, max: "0.05"}, {metric: auroc, min: "0.75"}]
  escalation:
    bands: [{below: "0.90", action: review}, {action: automate}]
"""

"""Repair of a miscalibrated signal: a map, and a certificate that it helps."""

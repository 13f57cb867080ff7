"""What OpenTelemetry exporters send, as claims and outcomes; knows no HTTP."""

"""Proves the image and the chart on a real single-node Kubernetes: ``make cluster-test``."""

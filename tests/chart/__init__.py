"""The chart, rendered as Helm does, with each example: held against Kubernetes and the rules of the house."""

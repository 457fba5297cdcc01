"""The cluster's manifests, and what renders, checks and draws them: `python -m k8s`."""

"""The one error of this package."""


class ClusterError(RuntimeError):
    """The local cluster can't start or go on. The message is one sentence: what, why, what to do."""

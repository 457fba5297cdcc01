"""``python -m exporters --target tensorrt``: verified ONNX in, TensorRT plans for one kind of GPU out.

An fp32 graph is prepared (``precision``), compared with itself on the CPU (``parity``), built where TensorRT
and a GPU are (``builder``, ``gpu``), compared again there, and kept in a cache of plans (``plans``).
``targets`` says which networks become plans. Without TensorRT everything up to the build runs with
``--check``.
"""

"""ONNX Runtime behind Triton's Python backend, for servers without the native one."""

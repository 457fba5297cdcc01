"""Read TensorFlow Lite networks and write them as ONNX, without TensorFlow.

``flatbuffer`` reads a ``.tflite``, ``convert`` writes its operators (``operators``) into a graph being built
(``builder``), ``reference`` runs the ``.tflite`` itself for parity. It is no exporter: families use it.
"""

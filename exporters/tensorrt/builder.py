"""Build a plan with TensorRT's own API: one path for 10 and 11.

The network is strongly typed (a flag that 10 requires and 11 ignores), so precision is whatever the graph
says. None of what 11 dropped is used: https://docs.nvidia.com/deeplearning/tensorrt/, "TensorRT 10.x to 11.x
migration".
"""

from collections.abc import Mapping
from pathlib import Path

from exporters.contract import Profile
from exporters.errors import GateError

WORKSPACE = 4 << 30
"""Bytes that a layer may use for scratch while it is built and run."""


def build(graph: Path, profiles: Mapping[str, Profile], timings: bytes) -> tuple[bytes, bytes]:
    """Build a plan of ``graph``; return it with the timing cache, which was ``timings`` (empty: a new one).

    Takes minutes: TensorRT times its kernels for every layer, the known ones excepted.

    Raises:
        GateError: TensorRT does not take the graph, in its own words.
    """
    import tensorrt as trt  # noqa: PLC0415 - only where plans are built

    logger = trt.Logger(trt.Logger.WARNING)
    builder = trt.Builder(logger)
    network = builder.create_network(1 << int(trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED))
    parser = trt.OnnxParser(network, logger)
    if not parser.parse_from_file(str(graph)):
        reasons = "; ".join(parser.get_error(index).desc() for index in range(parser.num_errors))
        raise GateError(f"TensorRT {trt.__version__} can't read the graph: {reasons or 'it gave no reason'}")
    config = builder.create_builder_config()
    config.set_memory_pool_limit(trt.MemoryPoolType.WORKSPACE, WORKSPACE)
    config.clear_flag(trt.BuilderFlag.TF32)  # what the graph keeps in fp32 is meant to have all of its bits
    cache = config.create_timing_cache(timings)
    if cache is None or not config.set_timing_cache(cache, ignore_mismatch=False):
        config.set_timing_cache(config.create_timing_cache(b""), ignore_mismatch=False)  # was of another CUDA
    profile = builder.create_optimization_profile()
    for name, shapes in profiles.items():
        profile.set_shape(name, shapes.smallest, shapes.usual, shapes.largest)
    config.add_optimization_profile(profile)
    plan = builder.build_serialized_network(network, config)
    if plan is None:
        raise GateError(f"TensorRT {trt.__version__} could not build the network: its log above says why")
    return bytes(plan), bytes(config.get_timing_cache().serialize())

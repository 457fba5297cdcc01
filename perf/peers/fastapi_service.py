"""The peer of `perf overhead`: the shortest FastAPI service around an ONNX file, raw float32 in and out.

Runs in an environment of its own: python fastapi_service.py MODEL.onnx PORT
"""

import sys

import numpy as np
import onnxruntime as ort
import uvicorn
from fastapi import FastAPI, Request, Response

VECTOR = 16

app = FastAPI()
options = ort.SessionOptions()
options.intra_op_num_threads = 1
session = ort.InferenceSession(sys.argv[1], options, providers=["CPUExecutionProvider"])


async def infer(request: Request) -> Response:
    """y = model(x) for x of [batch, 16]."""
    x = np.frombuffer(await request.body(), np.float32).reshape(-1, VECTOR)
    (y,) = session.run(["y"], {"x": x})
    return Response(y.tobytes(), media_type="application/octet-stream")


app.add_api_route("/infer", infer, methods=["POST"])

if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[2]), log_level="warning", access_log=False)

"""The shortest FastAPI service around an ONNX file: raw float32 in and out, processes, no batching.

https://fastapi.tiangolo.com/advanced/custom-response/ (bytes as they are) and
https://fastapi.tiangolo.com/deployment/server-workers/ (a process per core). Inference runs in the event
loop: a session is busy with one request at a time, and handing that to a thread would only add the handing.
"""

import uvicorn
from fastapi import FastAPI, Request, Response
from onnx_model import HOST, PORT, WORKERS, OnnxModel

app = FastAPI()
model = OnnxModel()


async def infer(request: Request) -> Response:
    """The output for the body."""
    output = model.run(model.decode(await request.body()))
    return Response(output.tobytes(), media_type="application/octet-stream")


app.add_api_route("/infer", infer, methods=["POST"])

if __name__ == "__main__":
    uvicorn.run(
        "fastapi_service:app", host=HOST, port=PORT, workers=WORKERS, log_level="warning", access_log=False
    )

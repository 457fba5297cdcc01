#!/bin/sh
# A recording's text without any client, as grpcurl would get it: kserve.proto, protoc, and a curl with HTTP/2.
# Without a protoc: pip install grpcio-tools, and PROTOC="python -m grpc_tools.protoc".
#
#   examples/transcribe.sh speech.wav                                     # WAV, 16 bits, mono, at most 30 s
#   LIVEROOM_URL=grpcs://gateway.example:8443 LIVEROOM_TOKEN_FILE=token LIVEROOM_CA=ca.crt examples/transcribe.sh speech.wav
set -eu
recording=${1:?"which recording? examples/transcribe.sh speech.wav"}
here=$(cd "$(dirname "$0")" && pwd)
url=${LIVEROOM_URL:-127.0.0.1:8001}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

message() { # protoc's way with a message: encode or decode, and which one
    ${PROTOC:-protoc} --proto_path="$here" "--$1=inference.$2" kserve.proto
}

tensor() { # name, datatype, field of contents; a value a line on stdin
    values=$(sed "s/^/$3: /")
    printf 'inputs { name: "%s" datatype: "%s" shape: [1, %d] contents {\n%s\n} }\n' \
        "$1" "$2" "$(printf '%s\n' "$values" | wc -l)" "$values"
}

# A WAV file's header has 44 bytes, with the sample rate at 24.
rate=$(od -An -j24 -N4 -tu4 "$recording" | tr -d ' ')
{
    echo 'model_name: "asr" outputs { name: "text" }'
    tail -c +45 "$recording" | od -An -v -w2 -td2 | awk '{ printf "%.6f\n", $1 / 32768 }' | tensor audio FP32 fp32_contents
    echo "$rate" | tensor sample_rate INT32 int_contents
    echo '"auto"' | tensor language BYTES bytes_contents
    echo '""' | tensor prefix BYTES bytes_contents
    echo '""' | tensor draft BYTES bytes_contents
} | message encode ModelInferRequest >"$work/request"

# gRPC's frame: a byte for compression (none), four for the length (big endian), the message.
length=$(wc -c <"$work/request")
{
    printf '\0'
    for shift in 24 16 8 0; do printf "\\$(printf %03o $((length >> shift & 255)))"; done
    cat "$work/request"
} >"$work/frame"

case $url in
    grpcs://*) set -- "https://${url#grpcs://}" ${LIVEROOM_CA:+--cacert "$LIVEROOM_CA"} ;;
    *) set -- "http://${url#grpc://}" --http2-prior-knowledge ;;
esac
target=$1
shift
if [ -n "${LIVEROOM_TOKEN_FILE:-}" ]; then # from a file: arguments can be read by others
    printf 'header = "authorization: Bearer %s"\n' "$(cat "$LIVEROOM_TOKEN_FILE")" >"$work/curlrc"
    set -- "$@" --config "$work/curlrc"
fi
curl --silent --show-error --max-time 60 --http2 "$@" --dump-header "$work/headers" --output "$work/answer" \
    --header 'content-type: application/grpc' --header 'te: trailers' \
    --data-binary "@$work/frame" "$target/inference.GRPCInferenceService/ModelInfer"

if ! grep -qi '^grpc-status: 0' "$work/headers"; then # an error has its message there, percent-encoded
    grep -i '^grpc-' "$work/headers" >&2
    exit 1
fi
# Text on the wire is four bytes of length, and the text.
tail -c +6 "$work/answer" | message decode ModelInferResponse >"$work/text"
escaped=$(sed -n 's/%/%%/g; s/^raw_output_contents: "\(.*\)"$/\1/p' "$work/text")
printf "$escaped\n" | tail -c +5

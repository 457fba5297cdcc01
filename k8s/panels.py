"""What the dashboard shows: rows of panels, each of one or a few PromQL queries.

In a query `$here` stands for the namespace picked, `$clusters` for what rooms and calls go to.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Panel:
    """A graph over time.

    Attributes:
        title: what is drawn.
        about: what it means, and what is normal.
        queries: by the name of their series, a template of Grafana's ({{label}}).
        unit: as Grafana calls it.
        limit: the background is red above it.
    """

    title: str
    about: str
    queries: Mapping[str, str]
    unit: str = "short"
    limit: float | None = None


ROWS: Mapping[str, Sequence[Panel]] = {
    "Service level": (
        Panel(
            "Delay, p95",
            "From when audio was due, or a frame began to be decoded. 95 % of partials: within 1 s.",
            {"{{kind}} {{tenant_class}}": "liveroom:delay_seconds:p95{$here}"},
            "s",
            1,
        ),
        Panel(
            "Delay, p99",
            "99 % of finals: within 2 s.",
            {"{{kind}} {{tenant_class}}": "liveroom:delay_seconds:p99{$here}"},
            "s",
            2,
        ),
        Panel(
            "Burn rate over an hour",
            "At 1 the budget of late ones lasts 30 days, at 14.4 two.",
            {"{{kind}} {{tenant_class}}": "liveroom:burn_rate:ratio1h{$here}"},
            "short",
            14.4,
        ),
        Panel(
            "Dropped",
            "Chunks and frames. invalid: the sender's fault. waiting, busy: too many. failed: a model's.",
            {"{{model}} {{tenant_class}} {{reason}}": "liveroom:dropped:rate{$here}"},
            "reqps",
        ),
        Panel(
            "Rooms moved",
            "That brought what another replica knew: one was lost, drained, or could not be reached.",
            {"{{tenant_class}}": "liveroom:rooms_moved:rate{$here}"},
            "reqps",
        ),
    ),
    "Rooms": (
        Panel(
            "Rooms per slot",
            "The autoscaler's signal. Newcomers are refused at 1.",
            {"of all slots": "liveroom:rooms_per_slot:ratio{$here}"},
            "percentunit",
            0.9,
        ),
        Panel(
            "Rooms by replica",
            "Spread by room id with bounded load: about the same everywhere.",
            {
                "{{pod}}": 'sum by (pod) (liveroom_rooms_open{job="triton",$here})',
                "slots of one": 'max(liveroom_rooms_slots{job="triton",$here})',
            },
        ),
        Panel(
            "Refused",
            "full: no slot. tenant: a tenant at its share. queue: a queue of Triton's was full.",
            {"{{reason}}": "liveroom:refusals:rate{$here}"},
            "reqps",
        ),
    ),
    "Models": (
        Panel(
            "Queue time per request",
            "On 2 cores finals come late once the encoder's is 0.05 s.",
            {"{{model}}": "liveroom:queue_seconds:per_request{$here}"},
            "s",
        ),
        Panel(
            "Time per request",
            "Queue and work together. A request of captions is a chunk of audio, and waits for the next one.",
            {"{{model}}": 'liveroom:inference_seconds:per_request{model!="captions",$here}'},
            "s",
        ),
        Panel(
            "Requests answered",
            "By model.",
            {"{{model}}": 'sum by (model) (rate(nv_inference_request_success{job="triton",$here}[1m]))'},
            "reqps",
        ),
        Panel(
            "Pending per replica",
            "Waiting in the queues of models, mean of the replicas. Ensembles wait in their steps.",
            {"pending": "liveroom:pending_requests:per_replica{$here}"},
        ),
        Panel(
            "Failures",
            "By reason. What clients cancel is no failure, but worth seeing.",
            {
                "{{model}} {{reason}}": "liveroom:failures:rate{$here}",
                "{{model}} cancelled": "sum by (model) "
                '(rate(nv_inference_request_failure{job="triton",reason="CANCELED",$here}[1m]))',
            },
            "reqps",
        ),
        Panel(
            "Batch size",
            "Inferences per execution, where there are any.",
            {
                "{{model}}": 'sum by (model) (rate(nv_inference_count{job="triton",$here}[1m])) / '
                '(sum by (model) (rate(nv_inference_exec_count{job="triton",$here}[1m])) > 0)'
            },
        ),
    ),
    "Chat and speech": (
        Panel(
            "Lines of chat",
            "By what became of them.",
            {"{{action}}": 'sum by (action) (rate(liveroom_chat_lines_total{job="triton",$here}[1m]))'},
            "cps",
        ),
        Panel(
            "Lines stopped",
            "The share that was held or blocked. A busy room without moderators: a few per cent.",
            {"{{tenant_class}}": "liveroom:chat_stopped:ratio5m{$here}"},
            "percentunit",
            0.3,
        ),
        Panel(
            "First audio, p95",
            "From when a text to speak came. 0.6 s on idle cores.",
            {"p95": "liveroom:speech_first_audio_seconds:p95{$here}"},
            "s",
            3,
        ),
        Panel(
            "Speech",
            "Seconds of audio spoken a second: how many texts are spoken at a time.",
            {"spoken": 'sum(rate(liveroom_speech_audio_seconds_total{job="triton",$here}[1m]))'},
        ),
        Panel(
            "Texts spoken",
            "By how they ended. cancelled: whoever asked has gone.",
            {"{{outcome}}": 'sum by (outcome) (rate(liveroom_speech_texts_total{job="triton",$here}[1m]))'},
            "reqps",
        ),
    ),
    "Replicas": (
        Panel(
            "Ready",
            "up: answers scrapes. ready: its models answer their canary.",
            {"up": 'sum(up{job="triton",$here})', "ready": 'sum(liveroom_ready{job="ready",$here})'},
        ),
        Panel(
            "Canary",
            "How long a real, small inference last took, at the slowest replica.",
            {"{{model}}": 'max by (model) (liveroom_canary_seconds{job="ready",$here})'},
            "s",
        ),
        Panel(
            "Memory in use on the node",
            "As Triton sees it.",
            {
                "{{pod}}": 'nv_cpu_memory_used_bytes{job="triton",$here} '
                '/ nv_cpu_memory_total_bytes{job="triton",$here}'
            },
            "percentunit",
            0.9,
        ),
    ),
    "Gateway": (
        Panel(
            "Under way",
            "rooms: open streams. studios, calls: requests.",
            {
                "{{envoy_cluster_name}}": "sum by (envoy_cluster_name) "
                "(envoy_cluster_upstream_rq_active{$clusters})"
            },
        ),
        Panel(
            "Turned away",
            "Tokens that are not good, methods that are not allowed, rates over the limit.",
            {
                "token": 'sum(rate(envoy_http_jwt_authn_denied{job="gateway",$here}[1m]))',
                "method or tenant": 'sum(rate(envoy_http_rbac_denied{job="gateway",$here}[1m]))',
                "rate": 'sum(rate(envoy_http_local_rate_limit_rate_limited{job="gateway",$here}[1m]))',
            },
            "reqps",
        ),
        Panel(
            "Replicas, as the gateways see them",
            "healthy: of the one that sees fewest. ejected: connections fail, though the canary answers.",
            {
                "healthy": "min(envoy_cluster_membership_healthy{$clusters})",
                "known": "max(envoy_cluster_membership_total{$clusters})",
                "ejected": "max(envoy_cluster_outlier_detection_ejections_active{$clusters})",
            },
        ),
        Panel(
            "Tried again",
            "What reached no server, and calls without state that one had no room for.",
            {
                "{{envoy_cluster_name}}": "sum by (envoy_cluster_name) "
                "(rate(envoy_cluster_upstream_rq_retry{$clusters}[1m]))"
            },
            "reqps",
        ),
        Panel(
            "Connections of clients",
            "Each of many streams.",
            {
                "open": "sum(envoy_http_downstream_cx_active"
                '{envoy_http_conn_manager_prefix="clients",job="gateway",$here})'
            },
        ),
        Panel(
            "Bytes of clients",
            "In: audio and frames. Out: events and frames.",
            {
                direction: f"sum(rate(envoy_http_downstream_cx_{way}_bytes_total"
                '{envoy_http_conn_manager_prefix="clients",job="gateway",$here}[1m]))'
                for direction, way in (("in", "rx"), ("out", "tx"))
            },
            "Bps",
        ),
    ),
}

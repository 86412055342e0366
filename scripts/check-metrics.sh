#!/usr/bin/env bash
# Shows what matters most of a running Falcon's metrics, and holds them against promtool where there is one.
# Usage: check-metrics.sh [URL]; ADMIN_API_KEY is the server's key, if it has one. Exit code 1: no metrics, or promtool objects.
set -euo pipefail
PATH="$PATH:$(dirname "${BASH_SOURCE[0]}")/../.tools/bin" # what scripts/tools.sh has fetched

url=${1:-http://127.0.0.1:${PORT:-8000}}

# By a file that is open for as long as this one command: arguments can be seen by everybody.
if ! metrics=$(curl -fsS --max-time 10 -H @<(printf '%s' "${ADMIN_API_KEY:+X-API-Key: $ADMIN_API_KEY}") "$url/metrics"); then
  echo "$url/metrics cannot be read: make check-health says more." >&2
  exit 1
fi
grep -E '^(inference_(requests|errors)_total|inference_duration_seconds_quantile|cache_(hits|misses)_total|circuit_breaker_state\{|shed_total|degraded_total|dropped_logs_total|audit_lag_seconds|memory_usage_bytes|slo_)' <<<"$metrics" \
  | awk '$NF != 0 || /circuit_breaker_state|inference_requests|dropped_logs|cache_/'
if command -v promtool >/dev/null; then
  promtool check metrics <<<"$metrics" || exit 1
  echo 'promtool has nothing to object.'
else
  echo 'There is no promtool here (Prometheus has it): the format is not checked.'
fi

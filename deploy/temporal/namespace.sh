#!/bin/sh
# Create the namespace and its search attributes where they are missing. Doing it again changes nothing.
# Where: TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE. Histories are kept for RETENTION after a run's end.
set -eu

# A server that does not know an attribute fails every workflow task that sets it.
attributes="TenutoStage=Keyword TenutoTenant=Keyword TenutoParked=Keyword TenutoSpentUsd=Double"

# A server that has just started, or a namespace that has just been made, is not known everywhere at once.
patiently() {
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19; do
        if "$@" >/dev/null 2>&1; then return; fi
        sleep "${PAUSE:-3}"
    done
    "$@"
}

namespace_exists() {
    temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" >/dev/null 2>&1 ||
        temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention "${RETENTION:-720h}"
}

attribute_exists() {
    temporal operator search-attribute list --output json | grep -q "\"${1%=*}\"" ||
        temporal operator search-attribute create --name "${1%=*}" --type "${1#*=}"
}

patiently temporal operator cluster health
patiently namespace_exists
for attribute in $attributes; do patiently attribute_exists "$attribute"; done
echo "namespace $TEMPORAL_NAMESPACE knows $attributes"

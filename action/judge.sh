#!/usr/bin/env bash
# What action.yml does once mmap-spec is installed.  Its inputs are environment variables:
# IMPL, PYTHON, LEVEL, API, BASELINE, REPORT; MMAP_SPEC is the command.
set -uo pipefail

mmap_spec=${MMAP_SPEC:-mmap-spec}
report=${REPORT:-mmap-spec.jsonl}
candidate=$IMPL
if [[ $IMPL != *@* && -n ${PYTHON:-} ]]; then candidate=$IMPL@$PYTHON; fi

arguments=("--impl=$candidate" "--report=$report" "--junit=${report%.jsonl}.xml")
for level in ${LEVEL:-}; do arguments+=("--level=$level"); done
if [[ -n ${API:-} ]]; then arguments+=("--api=$API"); fi

rm -f -- "$report"
"$mmap_spec" run "${arguments[@]}"
status=$?
if [[ -e $report && -n ${GITHUB_STEP_SUMMARY:-} ]]; then
  "$mmap_spec" report "$report" --markdown "$GITHUB_STEP_SUMMARY"
fi
if [[ -n ${BASELINE:-} && $status -le 1 ]]; then  # judged to the end: only what got worse counts
  "$mmap_spec" diff "$BASELINE" "$report"
  status=$?
fi
exit "$status"

#!/bin/sh
# Slurm for the tests on a cluster: exit status 0 when its daemons are there or could be installed, and else 77.
set -eu
missing=""
for command in slurmctld slurmd munged squeue; do
    command -v "$command" > /dev/null || missing="$missing $command"
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get > /dev/null; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq > /dev/null &&
        apt-get install -y -qq --no-install-recommends slurm-wlm slurm-client munge > /dev/null && exit 0
fi
echo "tests on a cluster cannot run:$missing not found, and only root can install them, by apt-get" >&2
exit 77

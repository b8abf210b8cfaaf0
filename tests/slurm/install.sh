#!/bin/sh
# Slurm for the tests on a cluster: exit status 0 when its daemons are there or could be installed, and else 77.
set -eu
lacking() {
    for command in slurmctld slurmd munged squeue; do
        command -v "$command" > /dev/null || printf ' %s' "$command"
    done
}
if [ -n "$(lacking)" ] && [ "$(id -u)" = 0 ] && command -v apt-get > /dev/null; then
    export DEBIAN_FRONTEND=noninteractive
    timeout 120 apt-get update -qq > /dev/null || true
    timeout 300 apt-get install -y -qq --no-install-recommends slurm-wlm slurm-client munge > /dev/null || true
fi
[ -z "$(lacking)" ] && exit 0
echo "The tests on a cluster are left out: there is no$(lacking), which apt-get installs for root on Debian and Ubuntu." >&2
exit 77

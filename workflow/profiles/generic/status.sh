#!/bin/sh
# Says in Snakemake's words what PBS knows of a job: running, success or failed.
said="$(qstat -x -f "$1" 2>/dev/null || qstat -f "$1" 2>/dev/null)"
case "$said" in
    *"job_state = "[CF]*) ;;
    *"job_state = "*) echo running; exit ;;
esac
case "$said" in
    *[Ee]"xit_status = 0"*) echo success ;;
    *) echo failed ;;
esac

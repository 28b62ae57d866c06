#!/bin/sh
# Make the tests' second environment $2 with $1 (uv) from constraints/torch.txt: torch, for what runs in a worker of its
# own. Gigabytes: where it cannot be had, say so in one loud line and go on; its tests are skipped, and counted.
set -u
uv=$1
venv=$2
least_mb=8000

skip() {
    rm -rf "$venv"
    echo "NOT INSTALLED: $venv ($1). Tests that need torch are skipped." >&2
    exit 0
}

free_mb=$(df -Pm . | awk 'NR == 2 { print $4 }')
[ "$free_mb" -ge "$least_mb" ] || skip "$free_mb MB are free here, $least_mb are needed"
echo "Installing constraints/torch.txt into $venv"
"$uv" venv --quiet --clear --python .venv/bin/python "$venv" || skip "uv makes no environment"
timeout 1800 "$uv" pip install --quiet --python "$venv/bin/python" --require-hashes -r constraints/torch.txt ||
    skip "its packages cannot be fetched"
for site in "$venv"/lib/python*/site-packages; do
    pwd >"$site/hay_say_lab.pth"        # ours, as it lies here
done
# What cannot be imported is none; and the first import, which writes bytecode for minutes on a busy machine, is no test's.
"$venv/bin/python" -c 'import pyworld, scipy.signal, soundfile, soxr, torch, torchcrepe
torchcrepe.decode.viterbi(torch.zeros(1, 360, 4))' || skip "torch cannot be imported here"
touch "$venv/.ready"

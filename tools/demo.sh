#!/bin/sh
# The main job, headless: run the first notebook and show what it left in build/demo. $1 holds the executables.
# The data home lies in build/ too, so that a demo leaves nothing in anybody's home; its host ends by itself.
set -eu
bin=$1
out=build/demo
rm -rf "$out"
mkdir -p "$out"
export HAY_SAY_HOME="$PWD/build/home" HAY_SAY_IDLE_SECONDS=10

"$bin/python" -m hay_say_lab.cli run notebooks/01_first_words.ipynb --out "$out/01_first_words.ipynb" \
    -p out_folder "$out"

for made in spoken.wav converted.wav first_words.flac spectrogram.png; do
    if [ ! -s "$out/$made" ]; then
        echo "The notebook ran, but left no $out/$made." >&2
        exit 1
    fi
done
echo "Listen: $(cd "$out" && echo *.wav *.flac), and look at 01_first_words.ipynb and spectrogram.png, in $out."

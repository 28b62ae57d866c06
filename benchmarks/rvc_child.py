"""One part of the figures of RVC, measured in this process: a JSON line a figure. `python -m benchmarks.rvc_child PART`."""

from __future__ import annotations

import json
import multiprocessing
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy
import torch
from torch import Tensor
from torch.nn import functional

from benchmarks.figures import spread_of
from hay_say_rvc.configuration import sizes_of
from hay_say_rvc.synthesizer import Synthesizer, synthesizer
from hay_say_shared.hifigan import LAST_SLOPE, SLOPE, Decoder, Shape
from hay_say_shared.hifigan_blocks import BlockDecoder
from hay_say_shared.hubert import Hubert
from hay_say_shared.hubert_keys import hubert_state
from hay_say_shared.mel import log_mel
from hay_say_shared.rmvpe import Rmvpe, rmvpe_state
from hay_say_shared.rmvpe_blocks import pitch
from hay_say_shared.weights import folded, load
from tests.parity.case import FolderCase

CASES = Path(__file__).resolve().parents[1] / "tests" / "parity" / "rvc"
SECONDS = 10
LONG_SECONDS = 60
ROUNDS = 3
Row = dict[str, Any]


def official(case: str) -> dict[str, Tensor]:
    return {key: torch.from_numpy(value) for key, value in FolderCase(CASES / case).state().items()}


def voice() -> Synthesizer:
    document, state = FolderCase(CASES / "synth_v2_40k_f0").document, official("synth_v2_40k_f0")
    return synthesizer(state, sizes_of(document["config"], version="v2", has_pitch=True, speakers=109))


def plain_decoder(state: Mapping[str, Tensor], shape: Shape) -> Callable[[Tensor, Tensor, Tensor], Tensor]:
    """The network by its definition, on the whole clip, with one-dimensional convolutions."""
    blocks = len(shape.block_kernels)

    def residual(x: Tensor, index: int, kernel: int, dilations: tuple[int, ...]) -> Tensor:
        for pair, dilation in enumerate(dilations):
            inner = x
            for convolution, step in ((f"convs1.{pair}", dilation), (f"convs2.{pair}", 1)):
                name = f"dec.resblocks.{index}.{convolution}"
                inner = functional.conv1d(
                    functional.leaky_relu(inner, SLOPE), state[f"{name}.weight"], state[f"{name}.bias"],
                    padding=(kernel - 1) * step // 2, dilation=step,
                )  # fmt: skip
            x = x + inner
        return x

    def decode(z: Tensor, excitation: Tensor, condition: Tensor) -> Tensor:
        x = functional.conv1d(z, state["dec.conv_pre.weight"], state["dec.conv_pre.bias"], padding=3)
        x = x + functional.conv1d(condition, state["dec.cond.weight"], state["dec.cond.bias"])
        later = shape.samples_per_frame
        for stage, (rate, kernel) in enumerate(zip(shape.rates, shape.kernels, strict=True)):
            later //= rate
            up, source = f"dec.ups.{stage}", f"dec.noise_convs.{stage}"
            x = functional.conv_transpose1d(
                functional.leaky_relu(x, SLOPE), state[f"{up}.weight"], state[f"{up}.bias"], rate, (kernel - rate) // 2
            )
            x = x + functional.conv1d(
                excitation, state[f"{source}.weight"], state[f"{source}.bias"], later, later // 2 if later > 1 else 0
            )
            parts = [
                residual(x, blocks * stage + block, shape.block_kernels[block], shape.block_dilations[block])
                for block in range(blocks)
            ]
            x = sum(parts[1:], parts[0]) / blocks
        return torch.tanh(functional.conv1d(functional.leaky_relu(x, LAST_SLOPE), state["dec.conv_post.weight"], padding=3))

    return decode


def prepared(network: Synthesizer, seconds: float) -> tuple[Tensor, Tensor, Tensor]:
    """z, excitation and condition of so much speech-like input."""
    frames = round(100 * seconds)
    generator = torch.Generator().manual_seed(1)
    features = 0.6 * torch.randn(1, frames // 2, 768, generator=generator).repeat_interleave(2, dim=1)
    f0_hz = 220.0 * torch.exp2(0.5 * torch.sin(torch.arange(frames) / 30))[None]
    f0_hz[:, torch.arange(frames) % 90 < 20] = 0.0
    steps = torch.randint(1, 256, (1, frames), generator=generator)
    condition = network.speaker(torch.tensor([0]))
    prior = network.enc_p(features, steps, torch.tensor([frames]))
    z = network.latent(prior, torch.randn(prior.mean.shape, generator=generator), condition)
    excitation = network.excitation(f0_hz, torch.randn(1, frames * 400, generator=generator))
    assert excitation is not None
    return z, excitation, condition


def seconds_of(work: Callable[[], Any]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def halved(network: Synthesizer) -> Decoder:
    made: Decoder = voice().dec.to(torch.bfloat16)
    return made.to(memory_format=torch.channels_last)


def decoder() -> Iterator[Row]:
    network = voice()
    plain = plain_decoder(folded(official("synth_v2_40k_f0")), network.sizes.shape)
    fast = halved(network)
    whole, exact = prepared(network, SECONDS), BlockDecoder(network.dec)
    fewer = tuple(tensor.to(torch.bfloat16) for tensor in whole)
    frames = whole[0].shape[2]
    reference = plain(*whole)
    made, rough = exact.decode(*whole, 0, frames), BlockDecoder(fast).decode(*fewer, 0, frames)
    apart = float((made - reference).abs().max())
    error = 10 * float(torch.log10(((rough - reference) ** 2).sum() / (reference**2).sum()))
    works = {
        "plain": lambda: plain(*whole),
        "exact": lambda: exact.decode(*whole, 0, frames),
        "fast": lambda: BlockDecoder(fast).decode(*fewer, 0, frames),
    }
    found: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(ROUNDS):
        for name, work in works.items():
            found[name].append(seconds_of(work) / SECONDS)
    how = f"v2 40 kHz, {SECONDS} s, one thread, processor time, interleaved; plain: the whole clip at once"
    for name in ("exact", "fast"):
        shares = [a / b for a, b in zip(found[name], found["plain"], strict=True)]
        yield {"name": f"decoder {name}, share of plain", "value": statistics.median(shares), "unit": "of plain",
               "how": how, "spread": spread_of(shares)}  # fmt: skip
    for name, seconds in found.items():
        yield {"name": f"decoder, {name}", "value": statistics.median(seconds), "unit": "s per s", "how": how,
               "spread": spread_of(seconds)}  # fmt: skip
    yield {"name": "exact and plain apart", "value": apart, "unit": "of full scale", "how": "the largest difference of a sample"}
    yield {"name": "error of fast, dB", "value": error, "unit": "dB", "how": "of the decoder in bfloat16, below the exact sound"}


def parts() -> Iterator[Row]:
    network = voice()
    content, tracker = Hubert(), Rmvpe()
    load(content, hubert_state(official("hubert")), "the content encoder")
    load(tracker, rmvpe_state(official("rmvpe")), "the pitch network")
    tracker.to(memory_format=torch.channels_last)
    for seconds in (SECONDS, LONG_SECONDS):
        sound = 0.1 * torch.randn(1, 16_000 * seconds, generator=torch.Generator().manual_seed(2))
        chunk = sound[:, : 30 * 16_000]
        works: dict[str, Callable[[], Any]] = {
            "content": lambda chunk=chunk: content(chunk, 12),
            "mel": lambda sound=sound: log_mel(sound),
            "pitch": lambda sound=sound: pitch(tracker, sound[0]),
            "prior, flow and source": lambda longest=chunk.shape[1] / 16_000: prepared(network, longest),
        }
        heard = dict.fromkeys(("content", "prior, flow and source"), chunk.shape[1] / 16_000)
        for name, work in works.items():
            cost = seconds_of(work) / heard.get(name, seconds)
            yield {"name": f"{name}, {seconds} s", "value": cost, "unit": "s per s",
                   "how": "one thread, processor time" + (", in chunks of 30 s" if name in heard and seconds > 30 else "")}  # fmt: skip


def warm() -> Iterator[Row]:
    """From the request to the first piece of sound, with files as an import leaves them."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = _files(folder)
        (times,) = _apart(_first_sounds, files, folder)
    yield {"name": "first request to its first sound", "value": times[0], "unit": "s",
           "how": f"{SECONDS} s at full size, loading included, processor time"}  # fmt: skip
    yield {"name": "second request to its first sound, share of the first's", "value": times[1] / times[0], "unit": "of the first",
           "how": "the same clip, another transposition, the voice warm"}  # fmt: skip


def memory() -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = _files(folder)
        one, ten = (_apart(_peak_mb, files, folder, minutes)[0] for minutes in (1, 10))
    yield {"name": "peak of one minute", "value": one[0], "unit": "MB", "how": "a process of its own, full size, rmvpe, fast"}
    yield {"name": "peak of ten minutes, share of one minute's", "value": ten[0] / one[0], "unit": "of one minute's",
           "how": f"{ten[0]:.0f} MB"}  # fmt: skip
    for minutes, (_, cost) in ((1, one), (10, ten)):
        yield {"name": f"whole conversion, fast, {minutes} min", "value": cost, "unit": "s per s", "how": "one thread, processor time"}


def _files(folder: Path) -> dict[str, Path]:
    from safetensors.torch import save_file

    cases = {"weights": "synth_v2_40k_f0", "content_encoder": "hubert", "f0_network": "rmvpe"}
    for role, case in cases.items():
        save_file(official(case), folder / f"{role}.safetensors")
    document = FolderCase(CASES / "synth_v2_40k_f0").document
    (folder / "config.json").write_text(json.dumps({"version": "v2", "f0": True, "config": document["config"]}))
    return {role: folder / f"{role}.safetensors" for role in cases} | {"config": folder / "config.json"}


def _apart(work: Callable[..., Any], *arguments: Any) -> list[Any]:
    """In a fresh process, so that its memory and its caches are its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return [pool.apply(work, arguments)]


class _Stage:
    """A context that keeps nothing, and remembers when the first sound was ready."""

    seed, device, inputs, pooled = 1, "cpu", {}, ()

    def __init__(self, folder: Path) -> None:
        self.out = folder
        self.first_sound: float | None = None

    def samples(self, count: int) -> numpy.ndarray:
        from hay_say_lab.audio.scratch import zeros

        return zeros(count, folder=self.out)

    def checkpoint(self, fraction: float, message: str = "") -> None:
        from hay_say_lab.audio.scratch import let_go

        let_go()

    def kept(self, piece: int) -> None:
        return None

    def keep(self, piece: int, arrays: Mapping[str, numpy.ndarray]) -> None:
        if "sound" in arrays and self.first_sound is None:
            self.first_sound = time.process_time()


def _clip(seconds: float) -> Any:
    from hay_say_lab.plugin import Clip

    moments = numpy.arange(round(16_000 * seconds), dtype=numpy.float32) / 16_000
    return Clip((0.3 * numpy.sin(1400 * moments) * (numpy.sin(3 * moments) > -0.5)).astype(numpy.float32), 16_000)


def _first_sounds(files: dict[str, Path], folder: Path) -> list[float]:
    torch.set_num_threads(1)
    from hay_say_lab.plugin import VoiceFiles
    from hay_say_rvc.runtime import RvcRuntime

    runtime, clip, times = RvcRuntime(), _clip(SECONDS), []
    for semitones in (0, 3):
        began, stage = time.process_time(), _Stage(folder)
        if not times:
            runtime.load(VoiceFiles("rvc:bench", files))
        runtime.convert("rvc:bench", clip, {"pitch_semitones": semitones}, stage)
        assert stage.first_sound is not None
        times.append(stage.first_sound - began)
    return times


def _peak_mb(files: dict[str, Path], folder: Path, minutes: float) -> tuple[float, float]:
    torch.set_num_threads(1)
    from hay_say_lab.plugin import VoiceFiles
    from hay_say_rvc.runtime import RvcRuntime

    runtime = RvcRuntime()
    runtime.load(VoiceFiles("rvc:bench", files))
    began = time.process_time()
    runtime.convert("rvc:bench", _clip(60 * minutes), {"precision": "fast"}, _Stage(folder))
    cost = (time.process_time() - began) / (60 * minutes)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, cost


PARTS = {"decoder": decoder, "parts": parts, "warm": warm, "memory": memory}

if __name__ == "__main__":
    torch.set_num_threads(1)
    with torch.inference_mode():
        for row in PARTS[sys.argv[1]]():
            sys.stdout.write(json.dumps(row) + "\n")
            sys.stdout.flush()

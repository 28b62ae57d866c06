"""An architecture for these checks: it holds as many megabytes as it is told, on the device that it is given."""

from __future__ import annotations

from pathlib import Path

MODULE = '''
import time
from hay_say_lab.plugin import (
    BuiltinVoice, Compatibility, Manifest, Offer, Result, Runtime, TextContract, Upstream,
)

MANIFEST = Manifest(
    id="{name}", title="{name}", summary="For these checks.", version="1", licence="CC0-1.0",
    runtime="hay_say_{name}:Hoarder", resident_mb={resident_mb}, transient_mb_per_second={transient_mb},
    offers=(Offer(task="speak", text=TextContract(markups=("plain",), longest_characters=100)),),
    upstream=Upstream(name="tests", licence="CC0-1.0", status="alive"),
    compatibility=Compatibility(pythons=("3.11", "3.12", "3.13"), platforms=("linux",), devices={devices}),
    voices=(BuiltinVoice(slug="one", title="One"),),
)


class Hoarder(Runtime):
    """A voice's slug is its size in MB; the settings tell what a stage takes besides, and for how long."""

    def __init__(self):
        import torch
        self.torch = torch
        self.voices = {{}}

    def _filled(self, megabytes, device):
        block = self.torch.empty(int(megabytes) << 20, dtype=self.torch.uint8, device=device)
        block.fill_(1)
        if device.startswith("cuda"):
            self.torch.cuda.synchronize(device)
        return block

    def load(self, voice):
        self.voices[voice.id] = self._filled(voice.slug, voice.device)

    def unload(self, voice_id):
        del self.voices[voice_id]

    def speak(self, voice, text, settings, context):
        passing = self._filled(settings["cpu_mb" if context.device == "cpu" else "mb"], context.device)
        end = time.monotonic() + settings["seconds"]
        while True:
            context.checkpoint(0.5)
            if time.monotonic() >= end:
                break
            time.sleep(0.02)
        report = {{
            "context": context.device,
            "voice": str(self.voices[voice].device),
            "passing": str(passing.device),
            "threads": self.torch.get_num_threads(),
        }}
        return Result(documents={{"report": report}})

    def fingerprint(self):
        return {{"torch": self.torch.__version__}}
'''


def install(site: Path, name: str, resident_mb: float, transient_mb: float = 0.0, *, cpu: bool = True) -> None:
    """Put the architecture into a folder that is on the path of this process and of its workers."""
    site.mkdir(exist_ok=True)
    devices = ("cuda", "cpu") if cpu else ("cuda",)
    code = MODULE.format(name=name, resident_mb=resident_mb, transient_mb=transient_mb, devices=repr(devices))
    (site / f"hay_say_{name}.py").write_text(code)
    metadata = site / f"hay_say_{name}-1.dist-info"
    metadata.mkdir(exist_ok=True)
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: hay-say-{name}\nVersion: 1\n")
    (metadata / "entry_points.txt").write_text(f"[hay_say_lab.architectures]\n{name} = hay_say_{name}:MANIFEST\n")

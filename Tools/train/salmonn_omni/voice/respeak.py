"""The assistant's bank in its own voice: what the synthesizer makes of the recordings' own codes.

`python -m salmonn_omni.voice.respeak --codec RUN --flow RUN --vocoder RUN BANK OUT` writes a bank
with the same lines at the same places. A model that hears itself hears its synthesizer, not the
recordings that this learnt from; conversations are mixed with both.
"""

import argparse
import json
import shutil
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from salmonn_omni.models.flow import Flow, attention_mask
from salmonn_omni.models.vocoder import Vocoder
from salmonn_omni.training import settings
from salmonn_omni.training.processes import Processes
from salmonn_omni.voice import flow as flows
from salmonn_omni.voice import vocoder as vocoders
from salmonn_omni.voice.codec import Codec
from salmonn_omni.voice.config import FRAMES_PER_TOKEN, TOKEN, CodecStage, DataConfig
from salmonn_omni.voice.data import LARGEST, mel_of


@torch.no_grad()
def sampled(flow: Flow, codes: Tensor, lengths: Tensor) -> Tensor:
    """Normalised mel frames of padded codes, `[rows, frames, bins]`, as the sampler makes them."""
    hidden = flow.encoder(flow.input_embedding(codes), lengths)
    mean = flow.encoder_proj(hidden)
    frames = mean.shape[1]
    constant = flow.speaker(flows.speaker(flow)[None]).expand(len(codes), -1)
    mask = attention_mask(flow.configuration, frames, FRAMES_PER_TOKEN, lengths, streaming=True)
    return flow.solved(mean, constant, torch.zeros_like(mean), mask.to(mean.device))


@torch.no_grad()
def respoken(
    rows: list[np.ndarray], codec: Codec, flow: Flow, vocoder: Vocoder, config: DataConfig
) -> list[np.ndarray]:
    """Recordings of 16 bits as the synthesizer says them, equally long."""
    device = flow.encoder_proj.weight.device
    tokens = [-(-len(row) // TOKEN) for row in rows]
    samples = torch.zeros(len(rows), max(tokens) * TOKEN, device=device)
    for index, row in enumerate(rows):
        samples[index, : len(row)] = torch.from_numpy(row.astype(np.float32) / LARGEST)
    lengths = torch.tensor(tokens, device=device)
    mel = mel_of(samples, config)
    _, codes = codec.encode(mel, lengths)
    found = sampled(flow, codes, lengths)
    shape = (len(rows), found.shape[1] * vocoder.config.hop, vocoder.config.harmonics + 1)
    spoken = vocoder(found.transpose(1, 2), noise=torch.randn(shape, device=device))
    whole = (spoken.clamp(-1, 1) * LARGEST).round().to(torch.int16).cpu().numpy()
    return [said[: len(row)] for said, row in zip(whole, rows)]


def main(arguments: list[str] | None = None) -> None:
    """Writes the bank."""
    parser = argparse.ArgumentParser(description=__doc__)
    for part in ("codec", "flow", "vocoder"):
        parser.add_argument(f"--{part}", required=True, help=f"the run of the stage {part}")
    parser.add_argument("bank", type=Path, help="the assistant's bank")
    parser.add_argument("out", type=Path, help="the new bank's folder")
    parser.add_argument("--seconds", type=float, default=400.0, help="of sound in a batch")
    options = parser.parse_args(arguments)
    torch.manual_seed(1)
    torch.set_num_threads(1)
    device = Processes.join().device
    codec = Codec.load(options.codec).to(device)
    flow = flows.load(options.flow).to(device)
    vocoder = vocoders.load(options.vocoder).to(device)
    stage = json.loads((Path(options.codec) / "config.json").read_text())
    config = settings.from_json(CodecStage, stage).data
    utterances = [json.loads(u) for u in (options.bank / "utterances.jsonl").read_text().splitlines()]
    pcm = np.fromfile(options.bank / "samples.pcm", dtype="<i2")
    result = np.zeros_like(pcm)
    order = sorted(utterances, key=lambda u: u["count"])
    start = 0
    while start < len(order):
        end = start + 1
        while end < len(order) and (
            (end + 1 - start) * order[end]["count"] <= options.seconds * 16000
        ):
            end += 1
        part = order[start:end]
        rows = [pcm[u["offset"] : u["offset"] + u["count"]] for u in part]
        for u, said in zip(part, respoken(rows, codec, flow, vocoder, config)):
            result[u["offset"] : u["offset"] + u["count"]] = said
        start = end
    options.out.mkdir(parents=True, exist_ok=True)
    for name in ("utterances.jsonl", "bank.json"):
        shutil.copyfile(options.bank / name, options.out / name)
    result.tofile(options.out / "samples.pcm")
    print(f"{options.out}: {len(utterances)} lines, {len(pcm) / 16000:.0f} s")


if __name__ == "__main__":
    main()

"""Golden files of the flow module: a tiny one, whole sequences under each kind of mask."""

from dataclasses import replace
from pathlib import Path

import torch
from safetensors.torch import save_file

from salmonn_omni.goldens.fill import fill_module, plain
from salmonn_omni.models.flow import Flow, FlowConfiguration, attention_mask

TINY = FlowConfiguration(
    codes=50,
    width=32,
    heads=4,
    feed_forward=64,
    layers=2,
    upsampled_layers=1,
    chunk=5,
    channels=16,
    estimator_heads=2,
    head_width=8,
    estimator_feed_forward=32,
    block_layers=2,
    mid_blocks=2,
    time_width=32,
    mel_bins=20,
    speaker_width=12,
    steps=4,
    noise_frames=37,
)
# Neither ends with a mask chunk; together they outlast the noise.
PROMPT_TOKENS = 7
TOKENS = 26


def tiny(**changes: object) -> Flow:
    """The tiny module with filled weights."""
    module = Flow(replace(TINY, **changes)).eval()
    fill_module(module)
    return module


def inputs() -> dict[str, torch.Tensor]:
    """Tokens and prompt by the names that `Flow.sample` has for them."""
    return {
        "tokens": torch.tensor([(17 * i + 7) % TINY.codes for i in range(TOKENS)]),
        "prompt_tokens": torch.tensor([(31 * i + 5) % TINY.codes for i in range(PROMPT_TOKENS)]),
        "prompt_mel": plain("flow.prompt_feat", 2 * PROMPT_TOKENS, TINY.mel_bins).float(),
        "speaker": plain("flow.spk", TINY.speaker_width).float(),
    }


@torch.no_grad()
def write(root: Path) -> None:
    """Writes `flow/flow.safetensors`."""
    module, given = tiny(), inputs()
    found = {"noise": module.noise()}

    tokens = torch.cat([given["prompt_tokens"], given["tokens"]])
    embedded = module.input_embedding(tokens)[None]
    found["mu"] = module.encoder_proj(module.encoder(embedded))[0]

    frames = 2 * len(tokens)
    names = ("est.x", "est.mu", "est.cond")
    x, mu, condition = (plain(n, frames, TINY.mel_bins).float()[None] for n in names)
    speaker = plain("est.spk", TINY.mel_bins).float()[None]
    for name, streaming in (("estimator", True), ("estimator.full", False)):
        mask = attention_mask(TINY, frames, TINY.upsampling, None, streaming)
        found[name] = module.velocity(x, mu, speaker, condition, 0.3, mask)[0]

    found["mel"] = module.sample(**given)
    found["mel.unended"] = module.sample(**given, final=False)
    found["mel.full"] = module.sample(**given, streaming=False)
    found["mel.window"] = tiny(left_context=1).sample(**given)
    found["mel.unguided"] = tiny(guidance=0.0).sample(**given)

    folder = root / "SpeechModelTests" / "Goldens" / "flow"
    folder.mkdir(parents=True, exist_ok=True)
    save_file({k: v.float().contiguous() for k, v in found.items()}, folder / "flow.safetensors")

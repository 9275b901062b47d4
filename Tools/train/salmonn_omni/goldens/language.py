"""Tiny models of the Llama family, streamed for 200 steps of three positions each."""

import json
from dataclasses import dataclass
from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import save_file
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedConfig,
    PreTrainedModel,
    Qwen2Config,
    Qwen2ForCausalLM,
)

from salmonn_omni.goldens.fill import fill, fill_module, plain

STEPS = 200
KEPT = 4  # every fourth step's logits and hidden state are stored, and all tokens

SCALING = {
    "rope_type": "llama3",
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 256,
}
SIZES = {"hidden_size": 32, "intermediate_size": 64, "vocab_size": 32, "bos_token_id": 1}


@dataclass
class Case:
    """A model and the layer whose output is tapped."""

    name: str
    model: PreTrainedModel
    tap: int


def llama(**options: object) -> LlamaForCausalLM:
    """A filled Llama."""
    rope = {"rope_theta": 500000.0, "rope_type": "default", **options.pop("scaling", {})}
    defaults = {"num_hidden_layers": 3, "num_attention_heads": 4, "num_key_value_heads": 2}
    config = LlamaConfig(
        **{**SIZES, **defaults, **options},
        rms_norm_eps=1e-5,
        rope_parameters=rope,
        max_position_embeddings=2048,
        eos_token_id=[2, 3],
    )
    return filled(LlamaForCausalLM, config)


def qwen2() -> Qwen2ForCausalLM:
    """A filled Qwen2: biases on queries, keys and values."""
    config = Qwen2Config(
        **SIZES,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        rms_norm_eps=1e-6,
        rope_parameters={"rope_theta": 1e6, "rope_type": "default"},
        max_position_embeddings=2048,
        eos_token_id=2,
        tie_word_embeddings=True,
    )
    return filled(Qwen2ForCausalLM, config)


def filled(kind: type[PreTrainedModel], config: PreTrainedConfig) -> PreTrainedModel:
    """A model whose parameters follow the fill rule."""
    config._attn_implementation = "eager"
    model = kind(config).eval()
    fill_module(model)
    return model


@torch.no_grad()
def stream(model: PreTrainedModel, tap: int) -> dict[str, torch.Tensor]:
    """Feeds two embeddings and the last greedy token per step; starts with token 1."""
    model = model.double()
    table = model.get_input_embeddings()
    given = plain("language.in", STEPS, 2, SIZES["hidden_size"])
    cache, token = None, 1
    tokens, inputs, logits, taps = [], [], [], []
    for step in range(STEPS):
        x = torch.cat([given[step], table(torch.tensor([token]))])[None]
        y = model(inputs_embeds=x, past_key_values=cache, use_cache=True, output_hidden_states=True)
        cache = y.past_key_values
        token = int(y.logits[0, -1].argmax())
        best = y.logits[0, -1].topk(2).values
        assert best[0] - best[1] > 1e-4, f"step {step} is nearly a tie: choose other inputs"
        inputs.append(x[0])
        tokens.append(token)
        logits.append(y.logits[0, -1])
        taps.append(y.hidden_states[tap][0, -1])
    whole = model(inputs_embeds=torch.cat(inputs)[None], use_cache=False).logits[0, 2::3]
    assert (whole - torch.stack(logits)).abs().max() < 1e-4, "the cache changes the result"
    kept = slice(KEPT - 1, None, KEPT)
    return {
        "tokens": torch.tensor(tokens, dtype=torch.float32),
        "logits": torch.stack(logits)[kept].float().contiguous(),
        "tapped": torch.stack(taps)[kept].float().contiguous(),
    }


def adapted(folder: Path) -> PreTrainedModel:
    """A Llama with a LoRA adapter, which is saved as PEFT saves it; merged."""
    config = LoraConfig(
        r=4,
        lora_alpha=8,
        target_modules=["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "down_proj"],
        rank_pattern={"layers.1.self_attn.q_proj": 2},
        task_type="CAUSAL_LM",
    )
    model = get_peft_model(llama(), config)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_" in name:
                parameter.copy_(0.3 * fill(name, tuple(parameter.shape)))
    model.save_pretrained(folder)
    (folder / "README.md").unlink(missing_ok=True)
    settings = json.loads((folder / "adapter_config.json").read_text())
    settings["target_modules"] = sorted(settings["target_modules"])
    (folder / "adapter_config.json").write_text(json.dumps(settings, indent=2) + "\n")
    return model.merge_and_unload()


def write(root: Path) -> None:
    """Writes a configuration and the streamed outputs of each model."""
    torch.set_num_threads(1)
    folder = root / "SpeechModelTests" / "Goldens" / "language"
    folder.mkdir(parents=True, exist_ok=True)
    cases = [
        Case("llama-scaled", llama(scaling=SCALING, tie_word_embeddings=True), 2),
        Case("llama-untied", llama(num_key_value_heads=4), 3),
        Case("llama-wide-heads", llama(head_dim=16, num_key_value_heads=1), 1),
        Case("qwen2", qwen2(), 1),
        Case("llama-adapted", adapted(folder / "adapter"), 2),
    ]
    for case in cases:
        config = json.loads(case.model.config.to_json_string(use_diff=False))
        for key in ("_name_or_path", "transformers_version", "dtype"):
            config.pop(key, None)
        text = json.dumps(config, indent=2, sort_keys=True) + "\n"
        (folder / f"{case.name}.json").write_text(text)
        save_file(stream(case.model, case.tap), folder / f"{case.name}.safetensors")

"""Model files as the public packages write them, with the values that they read back.

- `gguf`: a tiny Llama with every number format, and its dequantised values under public names.
- `sharded`: a tiny Llama in several safetensors files; its weights follow the fill rule.
- `lora-*`: PEFT adapters of the same Llama and the weights that PEFT merges them into.
"""

import json
import shutil
from pathlib import Path

import gguf
import numpy as np
import peft
import torch
import transformers
from safetensors.torch import save_file

from salmonn_omni.goldens.fill import fill, fill_module

TARGET = "CheckpointsTests"
TOPIC = "checkpoints"


def write(root: Path) -> None:
    """Writes all files of the topic."""
    torch.set_num_threads(1)
    folder = root / TARGET / "Goldens" / TOPIC
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    write_gguf(folder / "gguf")
    write_sharded(folder / "sharded")
    write_adapters(folder)


def llama(dtype: torch.dtype = torch.float32) -> transformers.LlamaForCausalLM:
    """A tiny Llama whose weights follow the fill rule."""
    config = transformers.LlamaConfig(
        vocab_size=48,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        tie_word_embeddings=False,
    )
    model = transformers.LlamaForCausalLM(config)
    fill_module(model)
    return model.to(dtype)


def write_sharded(folder: Path) -> None:
    """The tiny Llama in several files with an index."""
    llama().save_pretrained(folder, max_shard_size="24KB")
    (folder / "generation_config.json").unlink(missing_ok=True)


def write_adapters(folder: Path) -> None:
    """Adapters with their merged weights."""
    plain = peft.LoraConfig(
        r=4,
        lora_alpha=6,
        target_modules=["q_proj", "v_proj", "embed_tokens"],
        modules_to_save=["lm_head"],
    )
    patterns = peft.LoraConfig(
        r=4,
        lora_alpha=8,
        use_rslora=True,
        target_modules="all-linear",
        rank_pattern={"k_proj": 2, r"^model\.layers\.(\d+)\.mlp.down_proj": 6},
        alpha_pattern={"layers.1.self_attn.q_proj": 3, "down_proj": 5.5},
    )
    write_adapter(folder / "lora-plain", plain, torch.float32)
    write_adapter(folder / "lora-patterns", patterns, torch.float32)
    write_adapter(folder / "lora-bfloat16", plain, torch.bfloat16)


@torch.no_grad()
def write_adapter(folder: Path, config: peft.LoraConfig, dtype: torch.dtype) -> None:
    """An adapter of filled factors, and each weight that differs from the base after the merge."""
    base = {name: value.clone() for name, value in llama(dtype).state_dict().items()}
    model = peft.get_peft_model(llama(dtype), config)
    for name, parameter in model.named_parameters():
        if "lora_" in name or "modules_to_save" in name:
            parameter.copy_(fill(f"adapter.{name}", tuple(parameter.shape)))
    model.save_pretrained(folder)
    (folder / "README.md").unlink(missing_ok=True)
    sort_modules(folder / "adapter_config.json")
    merged = model.merge_and_unload().state_dict()
    changed = {
        name: value.contiguous()
        for name, value in merged.items()
        if not torch.equal(value, base[name])
    }
    save_file(changed, folder / "merged.safetensors")


def sort_modules(path: Path) -> None:
    """Orders the modules, which PEFT keeps in a set, so that the file repeats."""
    config = json.loads(path.read_text())
    config["target_modules"] = sorted(config["target_modules"])
    path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")


# Layer sizes of the GGUF file: rows of 256 for the formats with blocks of 256.
HIDDEN, FFN, LAYERS, HEADS, KV_HEADS, HEAD, VOCAB = 32, 256, 3, 4, 2, 8, 40
QuantType = gguf.GGMLQuantizationType


def write_gguf(folder: Path) -> None:
    """A Llama in every number format, and what transformers reads out of it."""
    folder.mkdir()
    path = folder / "tiny-llama.gguf"
    writer = gguf.GGUFWriter(path, "llama")
    add_metadata(writer)
    for name, (shape, kind) in tensors().items():
        add_tensor(writer, name, shape, kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    model = transformers.LlamaForCausalLM.from_pretrained(
        folder, gguf_file=path.name, dtype=torch.float32
    )
    values = {name: value.contiguous() for name, value in model.state_dict().items()}
    save_file(values, folder / "values.safetensors")


def add_metadata(writer: gguf.GGUFWriter) -> None:
    """The sizes, a small tokenizer and one key of each type of value."""
    writer.add_vocab_size(VOCAB)
    writer.add_context_length(128)
    writer.add_embedding_length(HIDDEN)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(FFN)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(HEAD)
    writer.add_rope_freq_base(500000.0)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("llama-bpe")
    tokens = [chr(ord("a") + i) for i in range(26)] + ["ab", "Ġa", "Ġ", "é", "你"]
    tokens += [f"<|{i}|>" for i in range(VOCAB - len(tokens))]
    writer.add_token_list(tokens)
    writer.add_token_types([1] * 31 + [3] * (VOCAB - 31))
    writer.add_token_merges(["a b", "Ġ a"])
    writer.add_bos_token_id(31)
    writer.add_eos_token_id(32)
    writer.add_uint8("test.uint8", 200)
    writer.add_int8("test.int8", -100)
    writer.add_uint16("test.uint16", 60000)
    writer.add_int16("test.int16", -30000)
    writer.add_uint32("test.uint32", 4000000000)
    writer.add_int32("test.int32", -2000000000)
    writer.add_float32("test.float32", 0.1)
    writer.add_bool("test.bool", True)
    writer.add_string("test.string", "naïve 你好")
    writer.add_uint64("test.uint64", 2**63 + 5)
    writer.add_int64("test.int64", -(2**62))
    writer.add_float64("test.float64", 0.1)
    writer.add_array("test.integers", [3, -1, 2])
    writer.add_array("test.numbers", [0.5, -0.25])
    writer.add_array("test.truths", [True, False])


def tensors() -> dict[str, tuple[tuple[int, ...], QuantType]]:
    """All tensors: shape and number format."""
    result = {
        "token_embd.weight": ((VOCAB, HIDDEN), QuantType.Q8_0),
        "output_norm.weight": ((HIDDEN,), QuantType.F32),
        "output.weight": ((VOCAB, HIDDEN), QuantType.F16),
        "rope_freqs.weight": ((HEAD // 2,), QuantType.F32),
    }
    attention = [QuantType.Q8_0, QuantType.Q4_0, QuantType.BF16]
    down = [QuantType.Q4_K, QuantType.Q5_K, QuantType.Q6_K]
    for i in range(LAYERS):
        result |= {
            f"blk.{i}.attn_norm.weight": ((HIDDEN,), QuantType.F32),
            f"blk.{i}.attn_q.weight": ((HEADS * HEAD, HIDDEN), attention[i]),
            f"blk.{i}.attn_k.weight": ((KV_HEADS * HEAD, HIDDEN), attention[i]),
            f"blk.{i}.attn_v.weight": ((KV_HEADS * HEAD, HIDDEN), QuantType.F16),
            f"blk.{i}.attn_output.weight": ((HIDDEN, HEADS * HEAD), QuantType.Q4_0),
            f"blk.{i}.ffn_norm.weight": ((HIDDEN,), QuantType.F32),
            f"blk.{i}.ffn_gate.weight": ((FFN, HIDDEN), QuantType.Q4_0),
            f"blk.{i}.ffn_up.weight": ((FFN, HIDDEN), QuantType.BF16),
            f"blk.{i}.ffn_down.weight": ((HIDDEN, FFN), down[i]),
        }
    return result


def add_tensor(
    writer: gguf.GGUFWriter, name: str, shape: tuple[int, ...], kind: QuantType
) -> None:
    """A tensor of filled values; of random blocks where the package cannot quantise."""
    if kind in (QuantType.Q4_K, QuantType.Q5_K, QuantType.Q6_K):
        data = random_blocks(name, shape, kind)
    else:
        data = gguf.quants.quantize(fill(name, shape).numpy(), kind)
    writer.add_tensor(name, data, raw_dtype=kind)


def random_blocks(name: str, shape: tuple[int, ...], kind: QuantType) -> np.ndarray:
    """Blocks of random bytes with half-precision scales of a sensible size."""
    elements, size = gguf.GGML_QUANT_SIZES[kind]
    random = np.random.default_rng(sum(name.encode()))
    blocks = random.integers(0, 256, (shape[0], shape[1] // elements, size), dtype=np.uint8)
    scale = np.frombuffer(np.float16(0.0021).tobytes(), dtype=np.uint8)
    if kind == QuantType.Q6_K:
        blocks[..., 208:210] = scale
    else:
        blocks[..., 0:2] = scale
        blocks[..., 2:4] = np.frombuffer(np.float16(0.0007).tobytes(), dtype=np.uint8)
    return blocks.reshape(shape[0], -1)

"""Whether a recorded session of the Swift runtime has the tokens that PyTorch gives.

The session's two streams and the tokens so far are fed block by block, as they were; every token
that the runtime chose must be the likeliest here too. The comparison ends where the runtime first
refreshes its context, because only the runtime forgets.
"""

import argparse
import json
from pathlib import Path

import soundfile
import torch

from .labels import SHIFT, THINK
from .language import Cache
from .model import BLOCK, DialogueModel
from .restore import read_model
from .streaming import EncoderStream


def compare(model: DialogueModel, session: Path) -> tuple[int, list[str]]:
    """The number of tokens compared, and a line for each that differs."""
    lines = (session / "journal.jsonl").read_text().splitlines()
    records = []
    for record in map(json.loads, lines):
        if record.get("event") == "refresh":
            break
        if "token" in record and "block" in record:
            records.append(record)
    environment, rate = soundfile.read(session / "environment.wav", dtype="float32")
    assistant, other = soundfile.read(session / "assistant.wav", dtype="float32")
    if (rate, other) != (16000, 16000):
        raise ValueError(f"{session} was recorded at {rate} and {other} Hz, expected 16000")
    stream = EncoderStream(model.encoder, 2)
    cache = Cache(model.config.language, 1, 4 * len(records))
    language, last, count, wrong = model.language, THINK, 0, []
    is_speaking = ended = False
    for index, record in enumerate(records):
        before = assistant[(index - 1) * BLOCK : index * BLOCK] if index else []
        both = torch.zeros(2, BLOCK)
        for row, samples in enumerate((environment[index * BLOCK : (index + 1) * BLOCK], before)):
            both[row, : len(samples)] = torch.tensor(samples)
        with torch.no_grad():
            x = model.connector(stream.step(both), torch.tensor([0, 1]))[:, 0]
            fed = language.embed(torch.tensor([last]))
            hidden = language.step(torch.cat([x, fed])[None], cache)
            logits = language.logits(hidden[0, -1])
            likeliest = int(logits.argmax() if is_speaking and not ended else logits[:2].argmax())
            pairs = [(record["token"], likeliest)]
            if record["token"] == SHIFT and not is_speaking:
                shift = language.embed(torch.tensor([[SHIFT]]))
                first = language.logits(language.step(shift, cache)[0, -1])
                pairs.append((record["firstText"], int(first[2:].argmax()) + 2))
        for found, expected in pairs:
            count += 1
            if found != expected:
                wrong.append(f"block {index}: {found} there, {expected} here")
        last = pairs[-1][0]
        if record["token"] == SHIFT:
            is_speaking, ended = not is_speaking, False
        elif is_speaking and record["token"] == THINK:
            ended = True
    return count, wrong


def main(arguments: list[str] | None = None) -> None:
    """Compares a session's tokens; exits with 1 where one differs."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--bundle", type=Path, required=True, help="the bundle, not quantised")
    parser.add_argument("--session", type=Path, required=True, help="the recorded session")
    options = parser.parse_args(arguments)
    count, wrong = compare(read_model(options.bundle), options.session)
    print("\n".join([*wrong, f"{count} tokens, {len(wrong)} differ"]))
    raise SystemExit(bool(wrong))


if __name__ == "__main__":
    main()

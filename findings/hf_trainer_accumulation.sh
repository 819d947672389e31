#!/usr/bin/env bash
# Hugging Face's Trainer adds up the micro-batches of a model whose `forward` takes `**kwargs`.
#
# Software: transformers 5.23.0 `Trainer`, accelerate 1.15.0, PyTorch 2.15.0
# Expected: `gradient_accumulation_steps=4` steps with the mean of four gradients, as accelerate, Lightning and Keras
#           do.
# Happens:  if the model's `forward` has `**kwargs`, Trainer takes it that the model divides its loss by the
#           `num_items_in_batch` that it is handed, and no longer divides by 4 itself: a model that ignores it gets the
#           sum. Without `**kwargs` it is the mean. Neither says a word.
# Matters:  `**kwargs` is what one adds so that a wrapper of a convolutional network swallows arguments meant for
#           language models. From then on accumulation multiplies the learning rate of SGD by its steps; Adam hides it,
#           gradient clipping half.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    torch==2.15.0 transformers==5.23.0 accelerate==1.15.0 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import os

os.environ["HF_HUB_OFFLINE"] = "1"
import torch
from transformers import Trainer, TrainerCallback, TrainingArguments


class Plain(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.w = torch.nn.Parameter(torch.zeros(1))

    def forward(self, x, labels=None):
        return {"loss": (self.w * x).mean(), "logits": x}


class Swallowing(Plain):
    def forward(self, x, labels=None, **kwargs):
        return super().forward(x, labels)


class Gradients(TrainerCallback):
    def __init__(self, model):
        self.model, self.seen = model, []

    def on_pre_optimizer_step(self, args, state, control, **kwargs):
        self.seen.append(self.model.w.grad.item())


def gradients(model, steps):
    watch = Gradients(model)
    arguments = TrainingArguments(
        "out", per_device_train_batch_size=2, gradient_accumulation_steps=steps, num_train_epochs=1, report_to=[],
        max_grad_norm=0, use_cpu=True, save_strategy="no", logging_strategy="no", disable_tqdm=True, optim="sgd",
        remove_unused_columns=False,
    )
    examples = [{"x": 1.0, "labels": 0}] * 16
    Trainer(model, arguments, train_dataset=examples, callbacks=[watch]).train()
    return watch.seen


for kind, expected in ((Plain, 1), (Swallowing, 4)):
    once, four = gradients(kind(), 1), gradients(kind(), 4)
    print(f"{kind.__name__}: gradients {once} without accumulation, {four} with 4 steps of it")
    assert once == [1] * 8 and four == [expected] * 2
PYTHON

#!/usr/bin/env bash
# Ten micro-batches in fours: the last two count half in Lightning and accelerate, and wait an epoch in Keras.
#
# Software: Lightning 2.6.6, accelerate 1.15.0, transformers 5.23.0, Keras 3.15.1 (backend jax 0.10.2)
# Expected: the last update of an epoch takes the mean of the micro-batches that are left.
# Happens:  Lightning and accelerate step with what is left, and have divided it by 4 nevertheless: gradients of 1, 1,
#           0.5. Hugging Face's Trainer, on top of accelerate, divides by 2 there, as expected. Keras does not step; it
#           keeps the two and steps after two batches of the next epoch, so three epochs are 2, 3 and 2 updates, and
#           what is left at the end is lost.
# Matters:  an epoch of fewer micro-batches than steps trains at a fraction of the rate, or, in Keras, not at all: one
#           epoch of three batches leaves the weights as they were. A schedule by updates counts 3 an epoch in the
#           others, 2.5 in Keras.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    torch==2.15.0 lightning==2.6.6 transformers==5.23.0 accelerate==1.15.0 keras==3.15.1 jax==0.10.2 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import logging
import os

os.environ.update(KERAS_BACKEND="jax", HF_HUB_OFFLINE="1")
import accelerate
import keras
import lightning
import numpy as np
import torch
from torch.utils.data import DataLoader, TensorDataset
from transformers import Trainer, TrainerCallback, TrainingArguments

for name in ("lightning", "lightning.pytorch"):
    logging.getLogger(name).setLevel(logging.ERROR)
ones = TensorDataset(torch.ones(20, 1))  # ten batches of two, whose gradient is 1
seen = {"Lightning": [], "accelerate": [], "Trainer": []}


class Module(lightning.LightningModule):
    def __init__(self):
        super().__init__()
        self.w = torch.nn.Parameter(torch.zeros(1))

    def training_step(self, batch, index):
        return (self.w * batch[0]).mean()

    def configure_optimizers(self):
        return torch.optim.SGD([self.w], lr=1.0)

    def on_before_optimizer_step(self, optimizer):
        seen["Lightning"].append(self.w.grad.item())


lightning.Trainer(
    max_epochs=1, accumulate_grad_batches=4, accelerator="cpu", logger=False, enable_checkpointing=False,
    enable_progress_bar=False, enable_model_summary=False,
).fit(Module(), DataLoader(ones, batch_size=2))

accelerator = accelerate.Accelerator(gradient_accumulation_steps=4, cpu=True)
linear = torch.nn.Linear(1, 1, bias=False)
linear, optimizer, loader = accelerator.prepare(
    linear, torch.optim.SGD(linear.parameters(), lr=1.0), DataLoader(ones, batch_size=2)
)
for (x,) in loader:
    with accelerator.accumulate(linear):
        accelerator.backward(linear(x).mean())
        if accelerator.sync_gradients:
            seen["accelerate"].append(linear.weight.grad.item())
        optimizer.step()
        optimizer.zero_grad()


class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.w = torch.nn.Parameter(torch.zeros(1))

    def forward(self, x, labels=None):
        return {"loss": (self.w * x).mean(), "logits": x}


class Gradients(TrainerCallback):
    def on_pre_optimizer_step(self, args, state, control, model=None, **kwargs):
        seen["Trainer"].append(model.w.grad.item())


arguments = TrainingArguments(
    "out", per_device_train_batch_size=2, gradient_accumulation_steps=4, num_train_epochs=1, report_to=[],
    max_grad_norm=0, use_cpu=True, save_strategy="no", logging_strategy="no", disable_tqdm=True, optim="sgd",
    remove_unused_columns=False,
)
Trainer(Model(), arguments, train_dataset=[{"x": 1.0, "labels": 0}] * 20, callbacks=[Gradients()]).train()
for name, gradients in seen.items():
    print(f"{name}: gradients of an epoch {gradients}")
    assert gradients == ([1, 1, 1] if name == "Trainer" else [1, 1, 0.5])


def keras_weights(batches, epochs):
    dense = keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros")
    network = keras.Sequential([keras.layers.Input((1,)), dense])
    network.compile(keras.optimizers.SGD(1.0, gradient_accumulation_steps=4), loss=lambda truth, output: output)
    x = np.ones((2 * batches, 1), np.float32)
    weights = []
    for _ in range(epochs):
        network.fit(x, x, batch_size=2, verbose=0, shuffle=False)
        weights.append(round(float(network.get_weights()[0][0, 0]), 5))
    return weights


ten, three = keras_weights(10, 3), keras_weights(3, 1)
print("Keras: weight after each of three epochs", ten, "after one of three batches", three)
assert ten == [-2, -5, -7] and three == [0]
PYTHON

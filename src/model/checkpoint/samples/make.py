"""Writes PyTorch's files of this folder, with PyTorch: python3 make.py (Debian: python3-torch)."""
import argparse
import collections
import os
import pickle
import zipfile

import numpy as np
import torch

here = os.path.dirname(os.path.abspath(__file__))
place = lambda name: os.path.join(here, name)


# --- PyTorch ---------------------------------------------------------------------------------------------------------
def counted(*shape, dtype=torch.float32, start=0):
    size = int(np.prod(shape))
    return (torch.arange(start, start + size, dtype=torch.float32) / 4 - 1).reshape(shape).to(dtype)


shared = counted(4, 3)
state = collections.OrderedDict(
    [
        ("plain", counted(2, 3)),
        ("half", counted(5, dtype=torch.float16)),
        ("brain", counted(5, dtype=torch.bfloat16)),
        ("double", counted(2, dtype=torch.float64)),
        ("long", torch.tensor([1, -2, 3], dtype=torch.int64)),
        ("flags", torch.tensor([True, False])),
        ("transposed", counted(2, 3).t()),
        ("rows", shared[1:3]),
        ("column", shared[:, 1]),
        ("parameter", torch.nn.Parameter(counted(2))),
        ("scalar", torch.tensor(7.0)),
        ("empty", torch.zeros(0, 3)),
    ]
)
torch.save(state, place("zip.bin"))
torch.save(state, place("old.bin"), _use_new_zipfile_serialization=False)
model = torch.nn.Linear(2, 3)
with torch.no_grad():
    model.weight.copy_(counted(3, 2))
    model.bias.copy_(counted(3))
torch.save(model.state_dict(), place("linear.bin"))  # an OrderedDict with _metadata
torch.save({"model": state, "epoch": 3}, place("training.bin"))


# --- Hostile pickles, in a zip as PyTorch writes it --------------------------------------------------------------------
class Call:
    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


def hostile(name, payload):
    with zipfile.ZipFile(place(name), "w", zipfile.ZIP_STORED) as file:
        file.writestr(zipfile.ZipInfo("x/data.pkl", (1980, 1, 1, 0, 0, 0)), payload)


hostile("system.bin", pickle.dumps({"a": Call(os.system, "echo owned")}, 2))
hostile("eval.bin", pickle.dumps(Call(eval, "1 + 1"), 2))
hostile("nested.bin", pickle.dumps(Call(collections.OrderedDict, [Call(eval, "1")]), 2))
hostile("dictionary.bin", pickle.dumps(Call(collections.OrderedDict, [("a", 1)]), 2))
hostile("object.bin", pickle.dumps(argparse.Namespace(a=1), 2))
hostile("protocol4.bin", pickle.dumps({"a": 1}, 4))
hostile("instance.bin", b"(ios\nsystem\n.")

"""Logistic regression on points that are drawn, with its gradient by hand."""

import torch
from torch.nn.functional import binary_cross_entropy_with_logits

X = torch.randn(200, 3)
y = (X @ torch.tensor([2.0, -1.0, 0.5]) + 0.3 * torch.randn(200) > 0).float()


def start(generator):
    return {"w": 0.1 * torch.randn(3, generator=generator), "b": 0.0}


def loss(w, b):
    return binary_cross_entropy_with_logits(X @ w + b, y)


def gradient(w, b):
    error = (torch.sigmoid(X @ w + b) - y) / len(y)
    return X.T @ error, error.sum()

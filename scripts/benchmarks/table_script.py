"""Logistic regression on the table in a file, as one would write it without this project:

python table_script.py torch FILE DEVICE UPDATES
python table_script.py sklearn FILE
"""

from __future__ import annotations

import sys

import numpy as np


def by_torch(file: str, device: str, updates: int) -> float:
    """The loss after so many updates of full-batch gradient descent with step size 1."""
    import torch
    from torch import nn

    with np.load(file) as arrays:
        X = torch.from_numpy(arrays["X"]).to(device)
        y = torch.from_numpy(arrays["y"]).to(device, torch.float32).unsqueeze(1)
    model = nn.Linear(X.shape[1], 1).to(device)
    criterion = nn.BCEWithLogitsLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=1)
    for _ in range(updates):
        loss = criterion(model(X), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return float(criterion(model(X), y))


def by_sklearn(file: str) -> float:
    """The loss where scikit-learn's own method ends, without a penalty."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import log_loss

    with np.load(file) as arrays:
        X, y = arrays["X"], arrays["y"]
    model = LogisticRegression(C=np.inf).fit(X, y)
    return float(log_loss(y, model.predict_proba(X)))


if __name__ == "__main__":
    if sys.argv[1] == "torch":
        print(by_torch(sys.argv[2], sys.argv[3], int(sys.argv[4])))
    else:
        print(by_sklearn(sys.argv[2]))

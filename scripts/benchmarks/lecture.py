"""The lecture's training loops in plain PyTorch, and its network as a script of one's own.

Written from the lecture's description (forward, zero_grad, backward, step), not from its code, and
without anything of this project. The benchmark times the loops, and as a whole process

    python lecture.py DATA_DIR DEVICE UPDATES [FIGURE]
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

Row = tuple[int, float, float, float, float]
"""Step; loss and accuracy in training; loss and accuracy in validation."""


def polynomial(x0: float, lr: float, steps: int, device: torch.device | str = "cpu") -> Tensor:
    """Gradient descent on x³ − 3x by `backward()`, updating under `no_grad`."""
    x = torch.tensor(x0, requires_grad=True, device=device)
    for _ in range(steps):
        f = x**3 - 3 * x
        f.backward()
        with torch.no_grad():
            x -= lr * x.grad
        x.grad.zero_()
    return x.detach()


def least_squares(X: Tensor, y: Tensor, lr: float, steps: int) -> Tensor:
    """Gradient descent on ½‖Xw − y‖² from the origin, X (n, p), y (n,)."""
    w = torch.zeros(X.shape[1], requires_grad=True, device=X.device)
    for _ in range(steps):
        f = 0.5 * torch.sum((X @ w - y) ** 2)
        f.backward()
        with torch.no_grad():
            w -= lr * w.grad
        w.grad.zero_()
    return w.detach()


class Logistic(nn.Module):
    """Linear(784, 1) without bias, then sigmoid."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(784, 1, bias=False)

    def forward(self, X: Tensor) -> Tensor:
        """The probabilities (n, 1) that the images X (n, 784) are odd."""
        return torch.sigmoid(self.linear(X))


class SimpleNN(nn.Module):
    """Linear(784, 32), relu, Linear(32, 1), sigmoid; with another width in the place of 32."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.hidden = nn.Linear(784, width)
        self.output = nn.Linear(width, 1)

    def forward(self, X: Tensor) -> Tensor:
        """The probabilities (n, 1) that the images X (n, 784) are odd."""
        return torch.sigmoid(self.output(torch.relu(self.hidden(X))))


def train(
    model: nn.Module,
    X: Tensor,
    y: Tensor,
    lr: float,
    steps: int,
    log: Callable[[int], None] | None = None,
) -> None:
    """Full-batch gradient descent on mean binary cross-entropy; y (n, 1) in {0, 1}."""
    criterion = nn.BCELoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    for step in range(steps):
        loss = criterion(model(X), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if log is not None and step % 10 == 0:
            log(step)


def by_minibatches(
    model: nn.Module, X: Tensor, y: Tensor, lr: float, steps: int, size: int
) -> None:
    """The same by minibatches of `size`, which a DataLoader shuffles anew in each epoch; y (n,)."""
    criterion = nn.BCELoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    loader = DataLoader(TensorDataset(X, y.unsqueeze(1)), batch_size=size, shuffle=True)
    step = 0
    while True:
        for X_batch, y_batch in loader:
            if step == steps:
                return
            loss = criterion(model(X_batch), y_batch)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            step += 1


def load(data_dir: str, device: str) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """5,000 of the training images, one by one through torchvision's transforms."""
    from torchvision import datasets, transforms

    normalise = transforms.Normalize((0.1307,), (0.3081,))
    transform = transforms.Compose([transforms.ToTensor(), normalise])
    images = datasets.MNIST(data_dir, train=True, download=True, transform=transform)
    pairs = [images[i] for i in torch.randperm(len(images))[:5000].tolist()]
    X = torch.stack([image.flatten() for image, _ in pairs]).to(device)
    y = torch.tensor([[label % 2] for _, label in pairs], dtype=torch.float32, device=device)
    return X[:4000], y[:4000], X[4000:], y[4000:]


def evaluate(model: nn.Module, X: Tensor, y: Tensor) -> tuple[float, float]:
    """Loss and accuracy."""
    with torch.no_grad():
        p = model(X)
        return nn.BCELoss()(p, y).item(), ((p > 0.5).float() == y).float().mean().item()


def draw(history: list[Row], path: str) -> None:
    """Loss and accuracy, in training and validation, against the step."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    steps, loss, accuracy, val_loss, val_accuracy = zip(*history, strict=True)
    _, (left, right) = plt.subplots(1, 2, figsize=(10, 4))
    left.plot(steps, loss, label="training")
    left.plot(steps, val_loss, label="validation")
    right.plot(steps, accuracy, label="training")
    right.plot(steps, val_accuracy, label="validation")
    left.set_ylabel("loss")
    right.set_ylabel("accuracy")
    for axes in (left, right):
        axes.set_xlabel("step")
        axes.legend()
    plt.savefig(path)


def main() -> None:
    """The lecture's network on MNIST, logged at every tenth update."""
    data_dir, device, updates, *figure = sys.argv[1:]
    torch.manual_seed(42)
    X, y, X_val, y_val = load(data_dir, device)
    Logistic()  # the lecture draws its logistic model's weights first
    model = SimpleNN().to(device)
    history: list[Row] = []

    def log(step: int) -> None:
        history.append((step, *evaluate(model, X, y), *evaluate(model, X_val, y_val)))

    train(model, X, y, 0.01, int(updates), log)
    if figure:
        draw(history, figure[0])
    print(f"validation accuracy {100 * history[-1][-1]:.2f} %")


if __name__ == "__main__":
    main()

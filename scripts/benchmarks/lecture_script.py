"""The lecture's network as a script of one's own would train it: torchvision, a loop, a figure.

Run by the benchmark: python lecture_script.py DATA_DIR DEVICE UPDATES [FIGURE]. Knows nothing of
this project.
"""

import sys

import torch
from torch import nn
from torchvision import datasets, transforms


class SimpleNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(784, 32)
        self.output = nn.Linear(32, 1)

    def forward(self, x):
        return torch.sigmoid(self.output(torch.relu(self.hidden(x)))).squeeze()


def load(data_dir, device):
    """5,000 of the training images, one by one through torchvision's transforms."""
    normalise = transforms.Normalize((0.1307,), (0.3081,))
    transform = transforms.Compose([transforms.ToTensor(), normalise])
    images = datasets.MNIST(data_dir, train=True, download=True, transform=transform)
    pairs = [images[i] for i in torch.randperm(len(images))[:5000].tolist()]
    X = torch.stack([image.flatten() for image, _ in pairs]).to(device)
    y = torch.tensor([label % 2 for _, label in pairs], dtype=torch.float32, device=device)
    return X[:4000], y[:4000], X[4000:], y[4000:]


def evaluate(model, criterion, X, y):
    with torch.no_grad():
        p = model(X)
        return criterion(p, y).item(), ((p > 0.5).float() == y).float().mean().item()


def train(model, X, y, X_val, y_val, updates):
    criterion = nn.BCELoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    history = []
    for step in range(updates):
        loss = criterion(model(X), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            rows = evaluate(model, criterion, X, y), evaluate(model, criterion, X_val, y_val)
            history.append((step, *rows[0], *rows[1]))
    return history


def draw(history, path):
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


def main():
    data_dir, device, updates, *figure = sys.argv[1:]
    torch.manual_seed(42)
    X, y, X_val, y_val = load(data_dir, device)
    nn.Linear(784, 1, bias=False)  # the lecture draws its logistic model's weights first
    model = SimpleNN().to(device)
    history = train(model, X, y, X_val, y_val, int(updates))
    if figure:
        draw(history, figure[0])
    print(f"validation accuracy {100 * history[-1][-1]:.2f} %")


if __name__ == "__main__":
    main()

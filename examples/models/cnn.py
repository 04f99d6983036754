"""A small convolutional network for images of 28×28 pixels: 5×5, stride 2, twice."""

import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, outputs):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 4, 5, stride=2)
        self.conv2 = nn.Conv2d(4, 8, 5, stride=2)
        self.out = nn.Linear(8 * 4 * 4, outputs)

    def forward(self, images):
        hidden = torch.relu(self.conv1(images))  # (n, 4, 12, 12)
        features = torch.relu(self.conv2(hidden))  # (n, 8, 4, 4)
        return self.out(features.flatten(1))


model = Net

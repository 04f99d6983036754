"""What does backward() do on a network that is none of ours?"""

import torch

import stat4830_grad as sg

torch.manual_seed(0)
network = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Tanh(), torch.nn.Linear(3, 1))
loss = network(torch.ones(4, 2)).square().mean()
W1, b1, W2, b2 = network.parameters()
print(sg.trace(loss, W1=W1, b1=b1, W2=W2, b2=b2))

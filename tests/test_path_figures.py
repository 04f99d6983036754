"""Pictures of f with iterates on it: what is drawn is what was recorded, in a fitting window."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import Cli
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from pictures import points

from stat4830_grad.composing import compose
from stat4830_grad.core import coordinates, located
from stat4830_grad.experiment import Experiment
from stat4830_grad.figures.contours import in_digits
from stat4830_grad.figures.landscape import Landscape, window
from stat4830_grad.figures.legend import tell_apart
from stat4830_grad.figures.path import path_picture, paths_picture
from stat4830_grad.lecture.protocol import single
from stat4830_grad.problems import LeastSquares

"""A gradient that somebody wrote in a file of their own: run it, and say what is wrong with it."""

from .diagnosis import Diagnosis, diagnose, tolerant
from .file import Finding, gradient_from, load

__all__ = ["Diagnosis", "Finding", "diagnose", "gradient_from", "load", "tolerant"]

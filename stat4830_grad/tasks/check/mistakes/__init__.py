"""Gradients as recipes of small steps, and the elementary mistakes that can be made at each."""

"""Hydra launchers of stat4830_grad. Hydra imports this at every start: nothing heavy here."""

"""What Hydra 1.3 and 1.4 take in different ways, so that one code path serves both.

Hydra 1.3 takes `version_base` and warns without it; 1.4 warns with it. 1.4 instantiates what a
configuration names only if the caller lists it, and warns without a list; 1.3 knows no list.
OmegaConf 2.4, which comes with Hydra 1.4, has another name for `register_new_resolver`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import hydra
from hydra.core.global_hydra import GlobalHydra
from omegaconf import DictConfig, OmegaConf

from .help import conf_dir

HAS_1_4 = tuple(map(int, hydra.__version__.split(".")[:2])) >= (1, 4)

COMPOSING: dict[str, Any] = {} if HAS_1_4 else {"version_base": "1.3"}
"""Arguments of `hydra.initialize_config_dir`."""

RUNNING: dict[str, Any] = (
    {"execution_whitelist": ["stat4830_grad.config.preflight.CheckFirst"]} if HAS_1_4 else COMPOSING
)
"""Arguments of `hydra.main`. Launchers and sweepers are plugins, which Hydra itself allows."""


def compose_ours(overrides: Sequence[str]) -> DictConfig:
    """Our configuration with `overrides`; a session of Hydra around it goes on afterwards."""
    before, GlobalHydra.instance().hydra = GlobalHydra.instance().hydra, None
    try:
        with hydra.initialize_config_dir(str(conf_dir()), **COMPOSING):
            return hydra.compose("config", list(overrides))
    finally:
        GlobalHydra.instance().hydra = before


def register_resolver(name: str, function: Callable[..., Any]) -> None:
    """Make `${name:…}` call `function`, in place of one of that name."""
    if not HAS_1_4:
        return OmegaConf.register_new_resolver(name, function, replace=True)
    # Whole numbers serve where an annotation says float; OmegaConf would warn of each.
    options: dict[str, Any] = {"replace": True, "annotation_validation": "off"}
    OmegaConf.register_resolver(name, function, **options)

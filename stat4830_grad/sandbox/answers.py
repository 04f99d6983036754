"""What a function `gradient` of the user's is offered; its answer as tensors or as findings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..core import Params
from ..system.errors import is_memory

NAME = "gradient"


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, in a sentence, and the parameters it concerns (none: all)."""

    kind: str
    parameters: tuple[str, ...]
    sentence: str
    others: tuple[str, ...] = ()  # kinds of what explains it as well, and the sentence says so


def offer(data: dict[str, Any], params: Params) -> dict[str, Any]:
    """What a function may name. `params` is the same tensors again, as a dict."""
    return {**params, **data, "params": dict(params)}


def read(answer: Any, params: Params, no_leaf: int | None = None) -> tuple[Params, list[Finding]]:
    """The answer as tensors of whatever shape by parameter, copied, and what it lacks.

    Args:
        no_leaf: the line of the file that read `.grad` of a tensor which has none, being no leaf.
    """
    if (gradients := without_loss(answer, params)) is not None:
        values, findings = read(gradients, params, no_leaf)
        text = f"{NAME} returned the loss too: return the gradient alone"
        return values, [Finding("unknown", (), text), *findings]
    names = tuple(params)
    if answer is None:
        why = f" {NON_LEAF.format(no_leaf)}" if no_leaf else " is `return` missing?"
        return {}, [Finding("missing", (), f"{NAME} returned None:{why}")]
    if len(names) == 1 and not isinstance(answer, dict):
        alone = isinstance(answer, list | tuple) and len(answer) == 1 and params[names[0]].ndim == 0
        wrapped = isinstance(answer, tuple) and len(answer) == 1
        answer = {names[0]: answer[0] if alone or wrapped else answer}
    if isinstance(answer, list | tuple):
        if len(answer) != len(names):
            what = f"{NAME} returned {len(answer)} values for {len(names)} parameters"
            return {}, [Finding("missing", (), f"{what}: {', '.join(names)}")]
        answer = dict(zip(names, answer, strict=True))
    if not isinstance(answer, dict):
        what = f"{NAME} returned one {type(answer).__name__} for {len(names)} parameters"
        return {}, [Finding("missing", (), f"{what}: return a dict with {', '.join(names)}")]
    return read_dict(answer, params, no_leaf)


NON_LEAF = (
    "line {} reads .grad of a tensor that was computed from others. Such a tensor is no leaf, and "
    "its .grad is None: read that of the tensor which backward() began from, before its name is "
    "given away; task=pitfalls pitfall=not_leaf shows it"
)


def without_loss(answer: Any, params: Params) -> Any:
    """Of an answer (loss, gradient) or (loss, *gradients) what is behind the loss; else None."""
    if not isinstance(answer, tuple) or len(answer) < 2 or not is_number(answer[0]):
        return None
    behind = answer[1:]
    if len(behind) > 1:
        return behind if len(behind) == len(params) > 1 else None
    (only,) = behind
    if isinstance(only, dict) or (isinstance(only, list | tuple) and len(only) == len(params) > 1):
        return only
    shape = getattr(only, "shape", None)
    (first, *others) = params.values()
    return only if not others and first.ndim and shape is not None and len(shape) else None


def is_number(value: Any) -> bool:
    """Whether this is one number, or a tensor or array of one."""
    return isinstance(value, int | float) or getattr(value, "shape", None) in ((), (1,))


def read_dict(
    answer: dict[Any, Any], params: Params, no_leaf: int | None
) -> tuple[Params, list[Finding]]:
    """The gradients of a dict by parameter, as tensors, and what is wrong with the others."""
    findings = []
    values = {}
    for name in params:
        if answer.get(name) is None:
            what = "is forgotten" if name not in answer else "is None"
            text = f"its gradient {what}: the dict returned has {', '.join(map(str, answer))}"
            if name in answer and no_leaf:
                text = f"its gradient is None: {NON_LEAF.format(no_leaf)}"
            findings.append(Finding("missing", (name,), text))
            continue
        try:
            values[name] = as_tensor(answer[name]).to(params[name].device)
        except (TypeError, ValueError, RuntimeError) as error:
            if is_memory(error):
                raise
            text = f"its gradient is {described(answer[name])}, not real numbers"
            findings.append(Finding("not_numbers", (name,), text))
    if unknown := [str(name) for name in answer if name not in params]:
        text = f"the dict returned has {', '.join(unknown)}; the parameters are {', '.join(params)}"
        findings.append(Finding("unknown", (), text))
    return values, findings


def described(value: object) -> str:
    """What kind of thing this is: `a str`, `a tensor of bool`."""
    if isinstance(value, Tensor):
        where = " without values (meta)" if value.is_meta else ""
        return f"a tensor of {str(value.dtype).removeprefix('torch.')}{where}"
    return f"a {type(value).__name__}"


def as_tensor(value: Any) -> Tensor:
    """A copy of numbers of any kind: Python's in float64, arrays and tensors in their own dtype.

    Raises:
        TypeError, ValueError: they are no real numbers.
    """
    if isinstance(value, Tensor):
        tensor = plain(value)
    elif isinstance(value, list | tuple) and any(isinstance(v, Tensor) for v in value):
        tensor = torch.stack([plain(torch.as_tensor(v)) for v in value])
    else:
        array = np.array(value)
        if array.dtype.kind not in "fiu":
            raise TypeError(f"{array.dtype} is no kind of real number")
        tensor = torch.from_numpy(array)
    if tensor.is_complex() or tensor.dtype == torch.bool:
        raise TypeError(f"{tensor.dtype} is no kind of real number")
    return tensor


def plain(value: Tensor) -> Tensor:
    """A copy of a tensor's numbers as they lie in memory, whatever class or layout it is of.

    Raises:
        TypeError: it holds none.
    """
    with torch._C.DisableTorchFunctionSubclass():
        if value.is_meta:
            raise TypeError("it has no numbers")
        if value.is_quantized:
            value = value.dequantize()
        if value.layout != torch.strided:
            value = value.to_dense()
        return value.as_subclass(Tensor).detach().clone()


def fits(value: Tensor, parameter: Tensor) -> bool:
    """Whether the shapes are the same but for sizes of 1: (h, 1) serves where (h,) is asked."""
    return [s for s in value.shape if s != 1] == [s for s in parameter.shape if s != 1]

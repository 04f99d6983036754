"""Words for kernels: numbers that lie side by side in memory, computed with together.

A kernel in these words makes one sum for each lane of a vector, in the order that it states; what
a compiler would make of a loop is not asked. LLVM cuts a vector into registers of the processor.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.datamodel.models import PrimitiveModel
from numba.extending import intrinsic, register_model


class Vector(types.Type):
    """`lanes` numbers of one dtype."""

    def __init__(self, dtype: Any, lanes: int) -> None:
        self.dtype, self.lanes = dtype, lanes
        super().__init__(f"Vector({dtype}, {lanes})")


@register_model(Vector)
class VectorModel(PrimitiveModel):
    """A vector is one of LLVM's."""

    def __init__(self, manager: Any, vector: Any) -> None:
        number = manager.lookup(vector.dtype).get_value_type()
        super().__init__(manager, vector, ir.VectorType(number, vector.lanes))


def word(function: Callable[..., Any]) -> Callable[..., Any]:
    """A word from a function of numba's types: to that of the result and what generates it."""
    made: Any = intrinsic(prefer_literal=True)(function)
    result: Callable[..., Any] = made
    return result


@word
def zeros(_: Any, like: Any, count: Any) -> Any:
    """So many zeros of the dtype of the array `like`."""
    return filled(like, count, count.literal_value)


@word
def zero_bytes(_: Any, like: Any, size: Any) -> Any:
    """As many zeros of the dtype of the array `like` as take `size` bytes."""
    return filled(like, size, size.literal_value * 8 // like.dtype.bitwidth)


def filled(like: Any, size: Any, count: int) -> Any:
    """What makes so many zeros of the array's dtype."""
    made = Vector(like.dtype, count)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return ir.Constant(context.get_value_type(made), None)

    return made(like, size), generate


@word
def lanes(_: Any, vector: Any) -> Any:
    """How many numbers the vector has."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return ir.Constant(ir.IntType(64), vector.lanes)

    return types.uint64(vector), generate


@word
def load(_: Any, array: Any, index: Any, like: Any) -> Any:
    """The entries of `array` from `index` on, bytes or `like`'s dtype; as many as `like` has."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        found = builder.load(place(context, builder, array, arguments, like.lanes))
        found.align = array.dtype.bitwidth // 8
        if array.dtype == like.dtype:
            return found
        whole = builder.zext(found, ir.VectorType(ir.IntType(32), like.lanes))
        return builder.sitofp(whole, context.get_value_type(like))

    return like(array, types.uint64, like), generate


@word
def store(_: Any, array: Any, index: Any, vector: Any) -> Any:
    """Write the vector into `array`, from `index` on."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        there = place(context, builder, array, arguments, vector.lanes)
        builder.store(arguments[2], there).align = array.dtype.bitwidth // 8
        return context.get_dummy_value()

    return types.void(array, types.uint64, vector), generate


@word
def multiply_add(_: Any, factor: Any, vector: Any, sums: Any) -> Any:
    """factor · vector + sums, rounded once where the processor can; factor: a number or vector."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = context.get_value_type(sums)
        first = arguments[0]
        if not isinstance(factor, Vector):
            first = spread(builder, first, kind)
        bits = "f32" if sums.dtype == types.float32 else "f64"
        function = cgutils.get_or_insert_function(
            builder.module,
            ir.FunctionType(kind, [kind] * 3),
            f"llvm.fmuladd.v{sums.lanes}{bits}",
        )
        return builder.call(function, [first, *arguments[1:]])

    return sums(factor, vector, sums), generate


@word
def total(_: Any, vector: Any) -> Any:
    """The sum of the lanes: the upper half is added to the lower until one is left."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        sums, left = arguments[0], vector.lanes
        while left > 1:
            left //= 2
            halves = [
                builder.shuffle_vector(sums, sums, mask(range(first, first + left)))
                for first in (0, left)
            ]
            sums = builder.fadd(*halves)
        return builder.extract_element(sums, ir.Constant(ir.IntType(32), 0))

    return vector.dtype(vector), generate


def place(context: Any, builder: Any, array: Any, arguments: Any, count: int) -> Any:
    """A pointer to `count` entries of an array, from an index on."""
    data = context.make_array(array)(context, builder, arguments[0]).data
    kind = ir.VectorType(context.get_data_type(array.dtype), count)
    return builder.bitcast(builder.gep(data, [arguments[1]]), kind.as_pointer())


def spread(builder: Any, number: Any, kind: Any) -> Any:
    """A vector whose lanes all are the number."""
    nothing = ir.Constant(kind, ir.Undefined)
    one = builder.insert_element(nothing, number, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(one, nothing, mask([0] * kind.count))


def mask(which: Any) -> Any:
    """Numbers of lanes, as `shuffle_vector` takes them."""
    numbers = list(which)
    return ir.Constant(ir.VectorType(ir.IntType(32), len(numbers)), numbers)

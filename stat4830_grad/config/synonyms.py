"""What other programs call things: each word leads to ours, or to the reason why there is none."""

from __future__ import annotations

import re

Advice = tuple[str, str]
"""What to say of a word, and what to write instead; `{}` stands for the value typed."""

FULL_BATCH = "an update uses all training data, or a minibatch of them"

ADVICE: dict[str, Advice] = {
    r"(n|num|max)?_?epochs?|epoch": (f"{FULL_BATCH}, and `steps` counts updates", "steps={}"),
    r"(n|num|max)_?(steps?|iters?|iterations?|updates?)|iters?|iterations?|updates?|t_max": (
        "the number of updates is `steps`",
        "steps={}",
    ),
    r"(train_|mini|eval_)?batch_?size|batch|bs": (
        f"{FULL_BATCH}",
        "minibatch={}",
    ),
    r"learning_?rate|step_?size|eta|alpha|lr0|base_lr": (
        "the step size is `optimizer.lr`",
        "optimizer.lr={}",
    ),
    r"momentum": (
        "momentum is an optimizer (nesterov too)",
        "optimizer=momentum optimizer.beta={}",
    ),
    r"weight_?decay|wd|l2(_?(reg|penalty))?|reg(ulari[sz](ation|er))?|penalty|ridge|lambda": (
        "the penalty (λ/2)‖w‖² of a problem with data is",
        "problem.l2={}",
    ),
    r"l1|lasso|dropout": ("a loss may have an L2 penalty, and no other regularisation", ""),
    r"(lr_?)?sched(uler|ule)?|lr_?decay|gamma|warm_?up(_steps)?|annealing": (
        "the step size may follow a schedule, with warm-up",
        "optimizer.schedule=cosine optimizer.warmup=100",
    ),
    r"(num_?)?workers|n_jobs|pin_memory|prefetch(_factor)?": (
        "all data are in memory, so nothing loads them meanwhile; leave it out",
        "",
    ),
    r"shuffle": ("minibatches come in a new order in every epoch, which `seed` decides", "seed={}"),
    r"(n|num|max|omp_num|cpu)_?threads|thread|(n|num)_?(cpus|cores)|cores|cpus(_per_task)?": (
        "threads of the CPU are",
        "threads={}",
    ),
    r"(n_?|num_?|use_?)?(gpus?|cuda)|accelerator": ("the device is", "device=cuda"),
    r"cpu|no_cuda": ("the device is", "device=cpu"),
    r"precision|float|amp|fp16|half": ("the precision is", "dtype=float64"),
    r"(random_?)?(state|seed)|manual_seed": ("the seed is", "seed={}"),
    r"verbose|verbosity|quiet|silent|q|v|progress": (
        "every row goes to metrics.csv; for fewer",
        "log.every=100",
    ),
    r"log_?(every|interval|freq(uency)?|steps)|print_?(every|freq)|eval_(every|interval)": (
        "rows of metrics.csv come every",
        "log.every={}",
    ),
    r"data_?set|data|loss(_fn)?|objective|criterion|function|f": ("it is a problem", "problem={}"),
    r"net|network|arch(itecture)?": ("it is a model", "model={}"),
    r"optim|opt|algorithm|solver": ("it is an optimizer", "optimizer={}"),
    r"grad|method|autograd": ("it is a way to the gradient", "gradient={}"),
    r"hidden_?(size|dim|units|layers?)|layers?|n_hidden|width": (
        "units of each hidden layer",
        "model=relu_mlp model.hidden=[{}]",
    ),
    r"activation": ("the activation is part of the model", "model=tanh_mlp"),
    r"x_?(init|start)|init|initial(_point)?|start": (
        "the initial point of a polynomial",
        "problem=polynomial problem.x0={}",
    ),
    r"(out|output|save|log|run|work|checkpoint)_?(dir|directory|path)|out|output|o|logdir": (
        "a run's directory is",
        "hydra.run.dir={}",
    ),
    r"(data_?(dir|root|path|directory)|root)": ("data sets are in", "data_dir={}"),
    r"(resume_from|restore|load|ckpt|checkpoint)(_path)?": ("to go on with a run", "resume={}"),
    r"plots?|draw|figs?|save_figs?": ("pictures are drawn unless", "figures=false"),
    r"beta_1|b1": ("it is", "optimizer=adam optimizer.beta1={}"),
    r"beta_2|b2": ("it is", "optimizer=adam optimizer.beta2={}"),
    r"epsilon": ("it is", "optimizer=adam optimizer.eps={}"),
    r"tol(erance)?|(early_?)?stop(ping)?|patience": (
        "a run ends after `steps` updates, not before",
        "steps=1000",
    ),
}

VALUES: dict[str, dict[str, str]] = {
    "device": {
        r"gpus?|nvidia|cuda:\d+": "cuda",
        r"metal|apple|m\d": "mps",
        r"none|host|x86": "cpu",
    },
    "dtype": {
        r"double|float|f64|fp64|64|torch\.float64|torch\.double": "float64",
        r"single|f32|fp32|32|torch\.float32": "float32",
    },
    "products": {r"numba|compile|jit|fast": "compiled", r"dense|pytorch|slow": "torch"},
}
"""Key -> words of others -> the value that is meant."""

HALF = re.compile(r"(torch\.)?(b?float16|half|[bf]p?16|16)")


def advice(word: str, value: str) -> str | None:
    """What to say of a key of other programs, e.g. epochs; None where the word is not known."""
    name = word.lower().replace("-", "_")
    for pattern, (why, instead) in ADVICE.items():
        if re.fullmatch(pattern, name):
            if value.lower() in ("", "true", "false", "none", "null") and "{}" in instead:
                value = "…"
            return f"{why}: write {instead.format(value)}" if instead else why
    return None


def meant(key: str, value: str) -> str | None:
    """The value of `key` that a word of other programs stands for."""
    known = VALUES.get(key, {})
    return next(
        (ours for theirs, ours in known.items() if re.fullmatch(theirs, value.lower())), None
    )


def is_half(key: str, value: str) -> bool:
    """Whether it asks for a precision of 16 bits."""
    return key == "dtype" and HALF.fullmatch(value.lower()) is not None

"""Words of random command lines: values of every kind, and commands that run as they stand."""

from __future__ import annotations

NUMBERS = (
    *("0", "1", "-1", "2", "3", "0.1", "1e-300", "1e308", "-1e308", "1e400", "nan", "inf", "-inf"),
    *("9223372036854775807", "9223372036854775808", "-9223372036854775809", "1" + "0" * 40),
    *("-0", "-0.0", "0x10", "1_000", "1e", ".5", "5.", "--3", "1e-400", "+1", "1e1_0", "٣", "½"),
)
TEXTS = (
    *("true", "null", "~", "abc", "größe", "数", "\u202e", "é" * 300, "a b", "'", '"', "''", "\\"),
    *("$", "$(touch ran)", "`touch ran`", "; touch ran", "../../x", "/dev/null", "/", "~/x", "."),
    *("\n", "\t", "a\x01b", "%s%n", "{0}", "=", "a=b", ":", "#", "&x", "*x", "!!python/name:os.x"),
    *("\udcff", "a\udc80b", "\u2028", "\ufeff", "\x1b[2J", "[red]x[/]", "\\0", "x" * 5_000, "none"),
)
NESTED = (
    *("[]", "[1,2]", "[[1,2],[3]]", "[1,[2,[3,[4]]]]", "{}", "{a:1}", "{a:{b:[1,{c:2}]}}", "[,]"),
    *("[1,2", "{a:", "[1,nan]", "[true,null]", "[" * 60, "[" * 30 + "]" * 30, "1,2,3", "a,b"),
    *("range(3)", "range(1000000000)", "choice(1,2)", "interval(0,1)", "glob(*)", "sort(3,1)"),
    *("[" + ",".join("1" * 5_000) + "]", "[-0.0,1e400]", "[[]]", "[null]", "{1:2}", "{a:[]}"),
    *("shuffle(1,2)", "tag(a,choice(1,2))", "range(0,1,0)", "range(0,1,1e-9)", "str([1,2])"),
    *("[" * 900 + "]" * 900, "['a','a']", "[1,'1']", "[inf,-inf]", "int(nan)", "float(choice(1))"),
)
INTERPOLATED = (
    *("${seed}", "${nope}", "${oc.env:HOME}", "${oc.env:NOPE}", "${oc.decode:'[1]'}", "${", "$$"),
    *("${logspace:0,1,3}", "${linspace:0,1,2}", "${logspace:a}", "${run_dir:1,2,3,4}", "${hydra:}"),
    *('${eval:\'__import__("os").system("touch ran")\'}', "${problem}", "${.x}", "${steps}"),
    *("${minibatch}", "${oc.select:seed}", "${oc.create:{a:1}}", "${oc.dict.values:log}"),
    *("${oc.env:A," * 40 + "1" + "}" * 40, "${" * 200 + "}" * 200, "${hydra:runtime.cwd}"),
    *("${oc.deprecated:seed}", "${now:%Y}", "${${seed}}", "${oc.decode:${oc.env:HOME}}", "${..a}"),
    *("${logspace:0,400,3}", "${linspace:0,1,1e9}", "${linspace:nan,inf,3}", "${logspace:0,1,-1}"),
)
INSTANCES = (
    *("+_target_=os.system", "problem._target_=os.system", "+problem._target_=os.mkdir"),
    *("optimizer._target_=builtins.exec", "+model={_target_:os.mkdir,name:ran,path:ran}"),
    *("+hydra.callbacks.x={_target_:os.mkdir,path:ran}", "hydra.launcher._target_=os.mkdir"),
    *("hydra.sweeper._target_=os.mkdir", "hydra/launcher=nope", "+hydra.job.env_set.X=1"),
    *("+grade._target_=os.mkdir", "gradient={_target_:os.mkdir,path:ran}", "hydra.verbose=true"),
    *("optimizer.options={_target_:os.mkdir,path:ran}", "hydra/job_logging=default"),
    *("hydra/launcher=joblib", "hydra.mode=MULTIRUN", "hydra.job.chdir=true", "hydra.job.num=x"),
)
FLAGS = (
    *("-m", "--cfg=job", "--info", "--package=x", "-c", "--nope", "--config-name=x", "debug=true"),
    *(
        "--multirun",
        "--resolve",
        "--cfg",
        "--config-dir=..",
        "--help",
        "--version",
        "-h",
        "--",
        "-",
    ),
    *("--config-path=/", "--info=searchpath", "--hydra-help", "--shell-completion", "-sc", "–m"),
)
PATHS = (
    *("loss.py", "net.py", "rule.py", "grad.py", "table.csv", "split.txt", "bomb.pt", "bomb.npz"),
    *("..", "../../..", "../here/loss.py", "here/../loss.py", "/etc/passwd", "/proc/self/mem"),
    *("/dev/zero", "/dev/stdin", "/proc/self/fd/0", "nope.py", "a" * 300, "\udcff.py", "loss.py/x"),
    *("runs/a", "runs/*", "runs/evil", "runs/a/checkpoint.pt", "runs/a/config.yaml", "submissions"),
)
"""Those of `files` in configurations.py, and others."""

NEEDS: dict[str, tuple[str, ...]] = {
    "problem=polynomial": (),
    "problem=least_squares": (),
    "problem=composite": (),
    "problem=formula": ("problem.f='x**2 + exp(-y)'", "problem.start.x=1", "problem.start.y=0"),
    "problem=file": ("problem.path=loss.py",),
    "problem=digits": ("problem.n_train=20", "problem.n_val=10"),
    "problem=table": ("problem.file=table.csv", "problem.target=kind"),
    "problem=mnist": ("problem.n_train=20", "problem.n_val=10"),
    "model=logistic": (),
    "model=mlp": ("model.hidden=[3]",),
    "model=tanh_mlp": ("model.hidden=[3,2]",),
    "model=file": ("model.path=net.py",),
    "optimizer=gd": (),
    "optimizer=momentum": (),
    "optimizer=nesterov": (),
    "optimizer=adam": (),
    "optimizer=torch_sgd": (),
    "optimizer=torch": ("optimizer.name=AdamW", "optimizer.options.weight_decay=0.01"),
    "optimizer=file": ("optimizer.path=rule.py",),
    "gradient=backward": (),
    "gradient=manual": (),
    "gradient=autograd_grad": (),
    "gradient=file": ("gradient.path=grad.py",),
    "task=train": (),
    "task=check": (),
    "task=trace": (),
    "task=compare": ("runs=[runs/a,runs/b]",),
    "task=list": ("list.directory=runs",),
    "task=export": ("runs=runs/*", "log.to=tensorboard"),
    "task=grade": ("submissions=submissions",),
    "task=pitfalls": ("pitfall=accumulation",),
    "task=lecture": (),
}
"""What is chosen -> the words without which it cannot run."""

OFTEN = ("task=train",) * 9 + ("task=check", "task=trace", "task=compare", "task=list") * 2
SELDOM = ("task=export", "task=grade", "task=pitfalls")
RARE = "task=lecture"
"""It takes 20 seconds."""

VALUES: dict[str, tuple[str, ...]] = {
    "seed": ("0", "-1", "2147483648", "9223372036854775808", "18446744073709551616", "1,2"),
    "minibatch": ("1", "7", "100", "0", "-3", "1000000000000", "null"),
    "dtype": ("float64", "float32", "float16", "float32,float64"),
    "device": ("cpu", "cuda", "mps", "cuda:99"),
    "threads": ("1", "2", "64", "0", "100000"),
    "log.every": ("1", "1000000", "0", "-1"),
    "log.first": ("0", "1", "99", "-1"),
    "log.to": ("[tensorboard]", "tensorboard", "[tensorboard,tensorboard]", "[nope]", "wandb,nope"),
    "checkpoint.seconds": ("0", "1e-9", "inf", "-1", "nan"),
    "optimizer.lr": ("0.1", "1e300", "-0.1", "0", "[0.1,0.2]", "0.1,1e308", "${logspace:-4,2,40}"),
    "optimizer.schedule": ("cosine", "inverse", "inverse_sqrt", "constant", "cosine,constant"),
    "optimizer.warmup": ("1", "5", "1000000000000000000000", "-1", "0.5"),
    "optimizer.beta": ("0.5", "1", "-0.1", "[0.1,0.9]", "0"),
    "optimizer.beta1": ("0", "0.9", "1", "2"),
    "optimizer.eps": ("0", "1e-8", "1e308", "-1"),
    "optimizer.options": ("{}", "{weight_decay:0.1}", "{nope:1}", "{betas:[0.9,0.99]}", "{lr:1}"),
    "problem.l2": ("0", "0.1", "-1", "1e308", "[0,0.1]", "nan"),
    "problem.coefficients": ("[1]", "[]", "[1,0,0]", "[1e308,1e308]", "[nan]", "[0,0]"),
    "problem.x0": ("0", "-0.0", "1e308", "nan", "[1,2]", "1,2,inf"),
    "problem.n": ("1", "3", "0", "1000000000000", "1000000"),
    "problem.p": ("1", "5", "0", "1000000000", "200"),
    "problem.noise": ("0.5", "-1", "1e308", "inf"),
    "problem.condition": ("1", "0.5", "1e308", "100"),
    "problem.w_star": ("null", "[1,2,3]", "[]", "[nan,1]", "[[1,2]]"),
    "problem.w0": ("null", "[1,2]", "[1]", "[[0,1],[1,0]]", "[inf,0]"),
    "problem.inputs": ("1", "2", "100000000", "0"),
    "problem.hidden": ("1", "3", "100000000", "-2"),
    "problem.labels": ("parity", "digit", "nope", "parity,digit"),
    "problem.n_train": ("1", "2", "0", "99999", "-1"),
    "problem.n_val": ("0", "1", "99999"),
    "problem.std": ("0", "1e-300", "-1", "inf"),
    "problem.f": ("'x'", "''", "'x**x**x**x'", "'1/0'", "'x' * 9", "'exp(' * 5", "'lambda: 1'"),
    "problem.start": ("{x:1}", "{}", "{x:nan}", "{import:1}", "{x:[1,2]}", "[1]"),
    "problem.target": ("kind", "a", "nope", "''", "null", "0"),
    "problem.columns": ("[a]", "[]", "[a,a]", "[nope]", "[kind]"),
    "problem.val_share": ("0", "0.5", "1", "0.999", "-0.1"),
    "problem.delimiter": ("','", "tab", "''", "';;'", "'\"'"),
    "problem.encoding": ("utf-8", "latin-1", "utf-7", "nope", "idna"),
    "model.hidden": ("[]", "[1]", "[3,3,3]", "[0]", "[100000000]", "[[2],[3]]", "7"),
    "model.init_seed": ("0", "1,2", "-1", "9223372036854775808"),
    "gradient.seconds": ("1e-9", "0", "inf", "5", "1e308"),
    "gradient.memory": ("1e-9", "0", "1e308", "1"),
    "gradient.autograd": ("allow", "forbid", "nope"),
    "gradient.trusted": ("true", "false"),
    "grade.points": ("0", "-1", "1e308", "10"),
    "grade.seconds": ("0.001", "5", "inf", "nan"),
    "grade.jobs": ("1", "0", "3", "1000000"),
    "grade.only": ("ana", "nope", "../ana", "''"),
    "list.where": ("problem=polynomial", "loss<1", "loss<", "<<<", "a=b=c", "'status=completed'"),
    "list.rows": ("0", "1", "-1", "1" + "0" * 30),
    "compare.tolerance": ("0", "-1", "nan", "inf", "1e-5"),
    "pitfall": ("all", "twice", "nope", "in_place,twice"),
    "trace.order": ("1", "2", "3", "0", "7"),
    "trace.all": ("true", "1"),
    "sweep.batch": ("1", "2", "0", "null"),
    "sweep.memory": ("1e-9", "0", "1e308"),
    "sweep.zip": ("true", "false"),
    "runs": ("runs/a", "[runs/a,runs/a]", "[runs/*]", "[]", "runs/evil", "[nope]", "'['"),
}
"""Key -> values that it may have, and such of the right kind that it may not."""

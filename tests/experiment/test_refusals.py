import pytest

from grokterm.errors import ConfigError
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.metrics import METRICS_IN_ORDER
from grokterm.experiment.model import MODELS
from grokterm.experiment.optimizer import OPTIMIZERS, GradientDescent
from grokterm.tasks import operations

OPERATIONS = ", ".join([*operations.OPERATIONS, "expression", "table", "cyclic_product"])

ARCHITECTURES = ", ".join(model.model_fields["architecture"].default for model in MODELS)

KINDS = ", ".join(optimizer.model_fields["kind"].default for optimizer in OPTIMIZERS)

SETTINGS_OF_GD = ", ".join(sorted(GradientDescent.model_fields))

WHOLE_MESSAGES = {
    'titel = "x"': "unknown setting titel: did you mean 'title'?",
    "title = 3": "title must be a text, not 3",
    "seed = -1": "seed must be at least 0, not -1",
    'seed = "1"': "seed must be a whole number, not '1'",
    'device = "gpu"': "device must be auto, cpu, cuda, cuda:N or mps, not 'gpu'",
    'device = "mps"\n[loss]\nprecision = "float64"': (
        "loss.precision float64 needs a device that has it, and mps does not: set loss.precision=float32 or device=cpu"
    ),
    'device = "mps"\n[training]\nprecision = "float64"': (
        "training.precision float64 needs a device that has it, and mps does not: set training.precision=float32 or device=cpu"
    ),
    '[training]\nprecision = "bfloat16"\ntf32 = true': (
        "training: tf32 multiplies matrices of float32, and precision is bfloat16: leave one out"
    ),
    '[model]\narchitecture = "kernel"\n[optimizer]\nkind = "agop"\n[training]\nprecision = "float64"': (
        "training.precision float64 is of networks that follow a gradient, and model.architecture kernel solves in float64:"
        " leave it out"
    ),
    "task = 3": "task must be a table, not 3: its settings are named as task.operation",
    "[task]\nmodulos = 97": "unknown setting task.modulos: did you mean 'modulus'?",
    "[task]\nmodulus = 998": "task.modulus must be at least 2 and at most 997, not 998",
    "[task]\nmodulus = 97.5": "task.modulus must be a whole number, not 97.5",
    "[task]\nmodulus = true": "task.modulus must be a whole number, not true",
    "[task]\ntrain_fraction = 1.5": "task.train_fraction must be above 0 and at most 1, not 1.5",
    "[task]\ntrain_fraction = nan": "task.train_fraction must be finite, not nan",
    '[task]\noperation = "ad"': f"task.operation must be one of {OPERATIONS}, not 'ad': did you mean 'add'?",
    '[task]\noperation = "divide"\nmodulus = 90': "modulus must be prime for divide, and 90 is not: choose 89 or 97",
    '[task]\noperation = "s5_product"\nmodulus = 97': "modulus must be 120 for s5_product, the number of its elements, not 97",
    '[task]\noperation = "table"': "operation table needs a file of answers: set task.table to a .csv or .npy file",
    '[task]\ntable = "mine.csv"': "table belongs to operation table, not to add",
    '[task]\noperation = "table"\ntable = "mine.txt"': "task.table must name a file that ends in .csv or .npy, not 'mine.txt'",
    '[task]\ntable_sha256 = "ab"': "task.table_sha256 is the hash of task.table, which names no file: leave it out",
    '[task]\noperation = "expression"': (
        "operation expression needs a polynomial in a and b: set task.expression, as in a**2 + 3*a*b"
    ),
    '[task]\nexpression = "a*b"': "expression belongs to operation expression, not to add",
    '[task]\noperation = "expression"\nexpression = "a/b"': (
        "expression must be a polynomial in a and b, such as a**2 + 3*a*b, not 'a/b': / is not allowed"
    ),
    '[task]\noperation = "expression"\nexpression = 3': "task.expression must be a text, not 3",
    '[task]\ntrain_fraction = 1.0\n[training]\nstop_when = "grokked"': (
        "training.stop_when grokked never comes where task.train_fraction is 1: choose never or memorized, or change that"
    ),
    '[training]\nstop_when = "average_val_loss < 1"': (
        "training.stop_when average_val_loss < 1 never comes where optimizer.average_decay is 0: choose never or memorized, or"
        " change that"
    ),
    "[task]\nmodulus = 3\ntrain_fraction = 0.01": (
        "train_fraction 0.01 of 9 equations leaves training empty: choose another share"
    ),
    '[model]\narchitecture = "mlp"\nheads = 4': (
        "unknown setting model.heads: choose one of activation, architecture, depth, dropout, frequencies, frozen, init_scale,"
        " init_std, initialization, normalization, scaling, start_from, start_from_sha256, tied_operands, width"
    ),
    '[model]\narchitecture = "mpl"': f"model.architecture must be one of {ARCHITECTURES}, not 'mpl': did you mean 'mlp'?",
    "[model]\nwidth = 3": f"model.architecture is missing: choose one of {ARCHITECTURES}",
    '[model]\narchitecture = "mlp"\nfrozen = "first"': "model.frozen must be a list, not 'first'",
    '[model]\narchitecture = "mlp"\nfrozen = ["frist"]': (
        "model.frozen[0] must be one of first, hidden, readout, not 'frist': did you mean 'first'?"
    ),
    '[model]\narchitecture = "mlp"\nscaling = "doshi"\ndepth = 2': (
        "model: depth must be 1 under the doshi scaling, not 2: choose gromov, liu or standard"
    ),
    '[model]\narchitecture = "mlp"\ninitialization = "analytic"\ndepth = 2': (
        "model: depth must be 1 for initialization analytic, not 2: choose depth 1 or initialization random"
    ),
    '[model]\narchitecture = "mlp"\ninitialization = "analytic"\nactivation = "relu"': (
        "model: activation must be quadratic for initialization analytic, not relu:"
        " choose activation quadratic or initialization random"
    ),
    '[model]\narchitecture = "mlp"\ninitialization = "analytic"\nnormalization = "batch"': (
        "model: normalization must be none for initialization analytic, not batch:"
        " choose normalization none or initialization random"
    ),
    '[model]\narchitecture = "mlp"\nfrequencies = [5]': (
        "model: frequencies are those of the exact solution: set initialization analytic, or leave them out"
    ),
    '[model]\narchitecture = "mlp"\ninitialization = "analytic"\nfrequencies = [0]': (
        "model.frequencies[0] must be at least 1, not 0"
    ),
    '[model]\narchitecture = "mlp"\ninitialization = "analytic"\nfrequencies = [5, 49]': (
        "model.frequencies must lie between 1 and 48 for add modulo 97, not [5, 49]"
    ),
    '[model]\narchitecture = "mlp"\ninitialization = "analytic"\nfrequencies = [5, 5]': (
        "model: frequencies names one of [5, 5] twice: name each once"
    ),
    '[model]\narchitecture = "mlp"\ninitialization = "analytic"\ntied_operands = true': (
        "model: initialization analytic has a phase of its own for each operand, unlike tied_operands: leave one out"
    ),
    '[model]\narchitecture = "mlp"\ninitialization = "analytic"\ninit_std = 0.02': (
        "model: init_std 0.02 draws random weights, unlike initialization analytic: leave one out"
    ),
    '[model]\narchitecture = "transformer"\ninitialization = "torch"\ninit_std = 0.02': (
        "model: init_std 0.02 replaces initialization torch: leave one out"
    ),
    '[model]\narchitecture = "lstm"\nstart_from = "/no/a.safetensors"': "model.start_from: there is no file /no/a.safetensors",
    '[model]\narchitecture = "lstm"\nstart_from = "quick-1"\nstart_from_sha256 = "abc"': (
        "model.start_from_sha256 is the hash of model.start_from, which names no file: leave it out"
    ),
    '[model]\narchitecture = "lstm"\nstart_from = "quick-1"\ninit_std = 0.1': (
        "model: init_std 0.1 draws weights, and start_from brings them: leave one out"
    ),
    '[model]\narchitecture = "mlp"\nstart_from = "quick-1"\ninitialization = "analytic"': (
        "model: start_from brings weights of its own, unlike initialization analytic: leave one out"
    ),
    '[model]\narchitecture = "transformer"\nstart_from = "quick-1"\ninitialization = "torch"': (
        "model: start_from brings weights of its own, unlike initialization torch: leave one out"
    ),
    '[model]\narchitecture = "lstm"\ninit_std = "none"': "model.init_std must be \"auto\" or a number, not 'none'",
    '[model]\narchitecture = "lstm"\ninit_std = 0.0': 'model.init_std must be "auto" or above 0, not 0.0',
    '[model]\narchitecture = "lstm"\ninit_scale = 0.0': "model.init_scale must be above 0, not 0.0",
    '[model]\narchitecture = "kernel"\ninit_scale = 2.0': (
        "unknown setting model.init_scale: choose one of architecture, bandwidth, kernel"
    ),
    '[task]\noperation = "cubic"\n[model]\narchitecture = "mlp"\ninitialization = "analytic"': (
        "model.initialization analytic solves sums F(f1(a) + f2(b)), and cubic modulo 97 is none: set task.operation to add,"
        " subtract, multiply, divide, sum_of_squares, square_of_sum or an expression without mixed terms, or"
        " model.initialization=random"
    ),
    '[task]\noperation = "multiply"\nmodulus = 4\n[model]\narchitecture = "mlp"\ninitialization = "analytic"': (
        "model.initialization analytic solves sums F(f1(a) + f2(b)), and multiply modulo 4 is none: set task.operation to add,"
        " subtract, sum_of_squares, square_of_sum or an expression without mixed terms, or model.initialization=random"
    ),
    '[model]\narchitecture = "transformer"\nn_heads = 3': ("model: n_heads must divide d_model, and 128 is no multiple of 3"),
    '[model]\narchitecture = "lstm"\nscored = "answer_and_eos"': (
        "model: scored is answer_and_eos, and the sequence 'a b =' has no <eos>: choose '<eos> a op b = c <eos>'"
    ),
    '[model]\narchitecture = "embedding_mlp"\nvocabulary = 99': (
        "model.vocabulary must be at least 100 for equations modulo 97 written as 'a op b =', not 99"
    ),
    '[model]\narchitecture = "transformer"\nvocabulary = 97': (
        "model.vocabulary must be at least 98 for equations modulo 97 written as 'a b =', not 97"
    ),
    '[loss]\nkind = "mae"': ("loss.kind must be one of mse, cross_entropy, softmax_mse, stablemax, not 'mae'"),
    '[optimizer]\nkind = "adma"': f"optimizer.kind must be one of {KINDS}, not 'adma': did you mean 'adam'?",
    "[optimizer]\nlearning_rate = 1.0": f"optimizer.kind is missing: choose one of {KINDS}",
    '[optimizer]\nkind = "gd"\nmomentum = 0.9': f"unknown setting optimizer.momentum: choose one of {SETTINGS_OF_GD}",
    '[optimizer]\nkind = "adamw"\nlerning_rate = 1': ("unknown setting optimizer.lerning_rate: did you mean 'learning_rate'?"),
    '[optimizer]\nkind = "adamw"\nbetas = [0.9, 1.0]': "optimizer.betas[1] must be below 1, not 1.0",
    '[optimizer]\nkind = "adamw"\nbetas = [0.9]': "optimizer.betas[1] is missing",
    '[optimizer]\nkind = "adamw"\nbetas = [0.1, 0.1, 0.1]': "optimizer.betas must be no longer than 2, not [0.1, 0.1, 0.1]",
    '[optimizer]\nkind = "gd"\nbatch_size = "half"': "optimizer.batch_size must be \"full\" or a whole number, not 'half'",
    '[optimizer]\nkind = "gd"\nbatch_size = "ful"': (
        "optimizer.batch_size must be \"full\" or a whole number, not 'ful': did you mean 'full'?"
    ),
    '[optimizer]\nkind = "gd"\nbatch_size = 0': 'optimizer.batch_size must be "full" or at least 1, not 0',
    '[optimizer]\nkind = "gd"\ndecay_to = "init"': f"unknown setting optimizer.decay_to: choose one of {SETTINGS_OF_GD}",
    '[optimizer]\nkind = "adamw"\n[optimizer.groups."emb*"]\nweight_decay = -1': (
        'optimizer.groups."emb*".weight_decay must be at least 0, not -1'
    ),
    '[optimizer]\nkind = "adamw"\n[optimizer.groups."emb*"]\ndecay = 1': (
        "unknown setting optimizer.groups.\"emb*\".decay: did you mean 'weight_decay'?"
    ),
    '[optimizer]\nkind = "adamw"\n[optimizer.groups."emb*"]': (
        'optimizer.groups."emb*": a group needs a learning_rate or a weight_decay'
    ),
    '[optimizer]\nkind = "gd"\nschedule_steps = 1000': (
        "optimizer: schedule_steps 1,000 is of no use: schedule constant does not end"
    ),
    '[optimizer]\nkind = "gd"\nschedule = "inverse_sqrt"\nwarmup_steps = 5\nfinal_share = 0.1': (
        "optimizer: final_share 0.1 is of no use: schedule inverse_sqrt does not end"
    ),
    '[optimizer]\nkind = "gd"\nschedule = "inverse_sqrt"': (
        "optimizer: schedule inverse_sqrt needs warmup_steps, by which it is scaled: set optimizer.warmup_steps"
    ),
    '[optimizer]\nkind = "gd"\nschedule = "cosine"\nwarmup_steps = 10\nschedule_steps = 10': (
        "optimizer: schedule_steps must be more than warmup_steps, 10, not 10"
    ),
    '[optimizer]\nkind = "gd"\nschedule = "cosin"': (
        "optimizer.schedule must be one of constant, linear, cosine, inverse_sqrt, not 'cosin': did you mean 'cosine'?"
    ),
    '[optimizer]\nkind = "gd"\ngradient_filter = "emma"': (
        "optimizer.gradient_filter must be one of none, ema, ma, not 'emma': did you mean 'ema'?"
    ),
    '[optimizer]\nkind = "gd"\nfilter_memory = 1.0': "optimizer.filter_memory must be at least 0 and below 1, not 1.0",
    '[optimizer]\nkind = "muon"\northogonal_steps = 0': ("optimizer.orthogonal_steps must be at least 1 and below 100, not 0"),
    "[training]\nevaluate_every = 0": 'training.evaluate_every must be at least 1 or "log", not 0',
    "[training]\nevaluate_every = 2.5": 'training.evaluate_every must be a whole number or "log", not 2.5',
    '[training]\nevaluate_every = "lgo"': (
        "training.evaluate_every must be a whole number or \"log\", not 'lgo': did you mean 'log'?"
    ),
    '[training]\nstop_when = "groked"': (
        "training.stop_when must be one of never, memorized, grokked, ungrokked, diverged, a comparison as in"
        " 'val_loss < 1e-4', or later as in '500 steps after grokked', not 'groked': did you mean 'grokked'?"
    ),
    "interventions = 3": "interventions must be a list, not 3",
    "[expect]\nmemorized_at = [1, 2]": "expect.evidence is missing",
    '[expect]\nevidence = ""': "expect.evidence must be a text that is not empty, not ''",
    '[expect]\nevidence = "S"\ngrokked_at = 3': 'expect.grokked_at must be a range [low, high] or "never"',
    '[expect]\nevidence = "S"\ngrokked_at = [2, 1]': "expect: grokked_at must be [low, high], not [2.0, 1.0]",
    '[expect]\nevidence = "S"\ngrokked_at = [2, "x"]': "expect.grokked_at[1] must be a number, not 'x'",
    '[expect]\nevidence = "S"\n"val_loss < 1" = 3': 'expect.val_loss < 1 must be a range [low, high] or "never"',
    '[expect]\nevidence = "S"\n"val_loss < 0.5" = [2, 1]': "expect: val_loss < 0.5 must be [low, high], not [2.0, 1.0]",
    '[expect]\nevidence = "S"\nnorm_growth = "never"': "expect: norm_growth cannot be never: give a range [low, high]",
    '[expect]\nevidence = "S"\n"ipr @ 200" = "never"': "expect: ipr @ 200 cannot be never: give a range [low, high]",
    '[training]\nsteps = 5\n[expect]\nevidence = "S"\n"ipr @ 9" = [0, 1]': (
        "expect: ipr @ 9 comes after the last step: training.steps is 5"
    ),
    '[expect]\nevidence = "S"\nphase_alignment.mean = [0, 1]': (
        'expect.phase_alignment must be a range [low, high] or "never": a name with a dot in it stands in quotes'
    ),
    '[expect]\nevidence = "S"\nsource_says = 3': "expect.source_says must be a text, not 3",
    '[expect]\nevidence = "S"\nval_loss = "never"': "expect: val_loss cannot be never: give a range [low, high]",
}

INTERVENTIONS = {
    "at_step = 3": ": an intervention needs exactly one of swap, set, save and stop",
    "at_step = 3\nstop = true\nsave = true": ": an intervention needs exactly one of swap, set, save and stop",
    "save = true": ": an intervention needs either at_step or when",
    'at_step = 3\nwhen = "grokked"\nsave = true': ": an intervention needs either at_step or when",
    "at_step = 3\nsave = false": ".save must be true, not false",
    "at_step = -3\nsave = true": ".at_step must be at least 0, not -3",
    "at_step = 3\nswap = {}": ".swap: swap needs a train_fraction, an n_train, a seed or an operation",
    "at_step = 3\nswap = { train_fraction = 2.0 }": ".swap.train_fraction must be above 0 and at most 1, not 2.0",
    'at_step = 3\nset = { "optimizer.learning_rate" = -1 }': ": optimizer.learning_rate must be at least 0, not -1",
    'at_step = 3\nset = { "optimizer.momentum" = 0.5 }': (
        ": optimizer.momentum cannot be set while training: choose one of learning_rate, weight_decay, batch_size, batch_share,"
        " weight_noise, update_noise, filter_strength, filter_memory, perpendicular_gradient, held_norm, clip_norm, clip_value"
    ),
    'at_step = 3\nswap = { operation = "s5_product" }': (
        ": modulus must be 120 for s5_product, the number of its elements, not 90"
    ),
    'at_step = 3\nswap = { operation = "expression" }': (
        ": operation expression can only be swapped back to, where a task began with it"
    ),
    'at_step = 3\nset = { "optimizer.leaning_rate" = 0.5 }': (
        ": optimizer.leaning_rate cannot be set while training: did you mean 'optimizer.learning_rate'?"
    ),
    'at_step = 3\nset = { "optimizer.held_norm" = -0.8 }': ": optimizer.held_norm must be at least 0, not -0.8",
    'when = "grokked"\nswap = { operation = "divide" }': ": modulus must be prime for divide, and 90 is not: choose 89 or 97",
    "at_step = 3\nswap = { train_fraction = 1e-5 }": (
        ": train_fraction 1e-05 of 8,100 equations leaves training empty: choose another share"
    ),
}


def refusal(text: str) -> str:
    with pytest.raises(ConfigError) as refused:
        Experiment.from_toml(text)
    return str(refused.value)


@pytest.mark.parametrize(("text", "message"), WHOLE_MESSAGES.items())
def test_a_refusal_names_setting_rule_and_value_in_one_line(text: str, message: str) -> None:
    assert refusal(text) == message


@pytest.mark.parametrize(("text", "message"), INTERVENTIONS.items())
def test_what_an_intervention_cannot_do_is_refused_before_the_run(text: str, message: str) -> None:
    assert refusal(f"[task]\nmodulus = 90\n[[interventions]]\n{text}") == f"interventions[0]{message}"


def test_the_intervention_that_is_wrong_is_named() -> None:
    text = "[[interventions]]\nat_step = 3\nsave = true\n[[interventions]]\nat_step = 3\nswop = true"
    assert refusal(text) == "unknown setting interventions[1].swop: did you mean 'swap'?"


@pytest.mark.parametrize("text", ["[optimizer", "a = 1\na = 2", "seed ="])
def test_what_is_not_toml_is_refused_with_its_line(text: str) -> None:
    assert refusal(text).startswith("not valid TOML: ")
    assert f"at line {text.count(chr(10)) + 1}, " in refusal(text)


def test_an_unmeasured_expectation_is_refused_with_what_is_measured() -> None:
    message = refusal('[expect]\nevidence = "S"\nmemorised_at = [1, 2]')
    assert message.startswith("expect: memorised_at is not measured: choose one of memorized_at, grokked_at")


@pytest.mark.parametrize(
    "crossing",
    [
        "val_loss = 1",
        "val_loss < ",
        "< 1",
        "val_loss < low",
        "val_loss < nan",
        "val_loss < inf",
        "val_los < 1",
        "grokked_at < 100",
        "0.1 < val_loss < 1",
    ],
)
def test_a_crossing_that_cannot_be_read_is_refused_with_the_form_of_one(crossing: str) -> None:
    message = refusal(f'[expect]\nevidence = "S"\n"{crossing}" = [1, 2]')
    assert message == (
        f"expect: '{crossing}' is not a comparison: write MEASURE < NUMBER, or with <=, >, >=, "
        f"the measure being one of {', '.join(METRICS_IN_ORDER)}"
    )


def test_a_long_value_is_shortened() -> None:
    assert refusal(f"seed = {list(range(100))}") == f"seed must be a whole number, not {str(list(range(100)))[:57]}..."


@pytest.mark.parametrize("layers", [["hidden"], ["first", "readout"]])
def test_layers_that_cannot_be_frozen_are_refused(layers: list[str]) -> None:
    assert refusal(f"[model]\narchitecture = 'mlp'\nfrozen = {layers}").startswith("model: frozen names ")


def test_a_kernel_machine_is_refused_what_it_could_not_solve_for() -> None:
    kernel = '[model]\narchitecture = "kernel"\n[optimizer]\nkind = "agop"\n[task]\nmodulus = 199\ntrain_fraction = 0.5\n'
    swap = "[[interventions]]\nat_step = 3\nswap = { train_fraction = 0.95 }\n"
    assert refusal(kernel + swap) == (
        "interventions[0]: model.architecture kernel solves for at most 20,000 training equations at once, not 37,621:"
        " choose a smaller task.modulus or train_fraction"
    )
    assert "task.modulus must be at most 251, not 997" in refusal(kernel.replace("199", "997"))


@pytest.mark.parametrize(
    "name",
    ["ipr @ many", "ipr @ -5", "ipr @", "@ 200", "ipr @ 1e3", "ipr @ 1.5", "ipir @ 200", "val_loss @ 200", "late_norm @ 3"],
)
def test_a_number_at_a_step_that_cannot_be_read_is_refused_with_the_form_of_one(name: str) -> None:
    message = refusal(f'[expect]\nevidence = "S"\n"{name}" = [0, 1]')
    assert message.startswith(f"expect: {name!r} is not a number at a step: write MEASURE @ STEP, as in ipr @ 200, ")

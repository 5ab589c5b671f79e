"""Packages that a config needs and that are not installed, or do not fit; trackers too."""

from __future__ import annotations

from inspect_tool.runs.failures.known.rule import Rule, Source, said

RULES = (
    Rule(
        code="F-NO-AXOLOTL",
        pattern=said(r"No module named '?(?P<name>axolotl|debugpy)'?(?![\w.])"),
        cause="{name} is not installed here",
        fix="pip install 'axolotl-inspect[train]'",
        where="line",
    ),
    Rule(
        code="F-TRACKER-LOGIN",
        pattern=said(r"No API key configured|wandb\.errors|CommError"),
        cause="Weights & Biases has no API key here",
        fix="run `wandb login`, or remove wandb_project",
        keys=("wandb_project", "use_wandb"),
    ),
    Rule(
        code="F-TRACKER",
        pattern=said(r"(?P<name>MLflow|Comet)Callback requires (?P<package>[\w-]+)"),
        cause="{package} is not installed, and the config logs to it",
        fix="pip install {package}, or remove the tracker's keys",
        keys=("mlflow_experiment_name", "comet_project_name", "use_mlflow", "use_comet"),
    ),
    Rule(
        code="F-TRACKER",
        pattern=said(r"unexpected keyword argument '\w+'"),
        frame="integrations/integration_utils.py",
        cause="the tracker that is installed does not fit this transformers",
        fix="remove the tracker's keys (trackio_project_name, ...), or update the package",
        keys=("trackio_project_name", "wandb_project", "mlflow_experiment_name"),
    ),
    Rule(
        code="F-DEEPSPEED-WANDB",
        pattern=said(r"'Accelerator' object has no attribute 'deepspeed_config'"),
        cause="wandb_log_model and DeepSpeed do not go together",
        fix="remove wandb_log_model",
        keys=("wandb_log_model", "deepspeed"),
    ),
    Rule(
        code="F-NO-DEEPSPEED",
        pattern=said(r"No module named 'deepspeed|The 'deepspeed\S*' distribution was not found"),
        cause="deepspeed is not installed, and the config wants it",
        fix="pip install 'axolotl[deepspeed]', or remove deepspeed to train on one GPU; a debug "
        "run leaves it out",
        keys=("deepspeed",),
    ),
    Rule(
        code="F-OPTIMIZER",
        pattern=said(r"(?P<value>\S+) is not a valid OptimizerNames"),
        cause="there is no optimizer {value}",
        fix="the error lists those that there are; adamw_torch always works",
        keys=("optimizer",),
    ),
    Rule(
        code="F-DATA-CLOUD",
        pattern=said(r"NoCredentialsError|(?P<name>\S+) paths? requires? \S+ to be installed"),
        cause="the dataset lies in cloud storage that this machine cannot open",
        fix="install the file system's package and its credentials, or download the file",
        keys=("datasets.0.path", "datasets"),
        source=Source("axolotl", "utils/data/shared.py", "paths require s3fs to be installed"),
    ),
    Rule(
        code="F-NO-PACKAGE",
        pattern=said(r"No module named 'ray'"),
        cause="use_ray is on, and ray is not installed",
        fix="pip install 'axolotl[ray]', or remove use_ray",
        keys=("use_ray",),
    ),
    Rule(
        code="F-OPTIMIZER",
        pattern=said(
            r"No module named '(?P<name>[\w.]+)'|You need to install `(?P<install>[\w-]+)`"
        ),
        frame="optimizer",
        cause="the optimizer needs a package that is not installed: {name}{install}",
        fix="install it, or choose another optimizer; adamw_torch always works",
        keys=("optimizer",),
    ),
    Rule(
        code="F-NO-PACKAGE",
        pattern=said(
            r"ModuleNotFoundError: No module named '(?P<name>[\w.]+)'|"
            r"You need to install `(?P<install>[\w-]+)`|"
            r"The '(?P<wanted>[^']+)' distribution was not found|"
            r"packages that were not found in your environment: (?P<several>[^\n]*)"
        ),
        cause="a package is missing: {name}{install}{wanted}{several}",
        fix="install it, or remove the key that needs it; the traceback says where it was wanted",
    ),
    Rule(
        code="F-IMPORT",
        pattern=said(r"ImportError: cannot import name '(?P<name>\w+)' from '(?P<module>[\w.]+)'"),
        cause="{module} has no {name}: two installed packages do not fit together",
        fix="`inspect-tool doctor` compares versions with those that work",
        keys=("plugins",),
    ),
    Rule(
        code="F-PLUGIN",
        pattern=said(r"Failed to load plugin: (?P<value>\S+)"),
        cause="the plugin {value} was not loaded, and axolotl went on without it",
        fix="its module must be importable: install it, or put its folder on PYTHONPATH",
        keys=("plugins",),
        where="end",
        source=Source("axolotl", "integrations/base.py", "Failed to load plugin: "),
    ),
)

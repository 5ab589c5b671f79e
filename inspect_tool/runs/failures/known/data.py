"""Datasets that cannot be found, read, or made into samples; and too few of them."""

from __future__ import annotations

from inspect_tool.runs.failures.known.rule import Rule, said

_ENTRY = ("datasets.0.path", "datasets")
_SMALL = ("sample_packing", "micro_batch_size", "gradient_accumulation_steps", "datasets")

RULES = (
    Rule(
        code="F-DATA-MISSING",
        pattern=said(r"misconfigured dataset path \((?P<value>[^)]*)\)"),
        cause="the dataset {value} is not there, neither as a file nor on the Hub",
        fix="relative paths start from the folder that axolotl is run from; a dataset of the Hub "
        "needs the network (HF_HUB_OFFLINE unset) once, and access if it is gated",
        keys=_ENTRY,
    ),
    Rule(
        code="F-DATA-JSON",
        pattern=said(r"JSON parse error: (?P<what>[^\n]*?)(?: in row (?P<row>\d+))?(?:\n|$)"),
        cause="a data file is not JSON lines: {what} (row {row})",
        fix="mend that line; one JSON object a line",
        keys=_ENTRY,
    ),
    Rule(
        code="F-DATA-EMPTY",
        pattern=said(r"^StopIteration$"),
        frame="datasets/packaged_modules/",
        cause="a data file is empty",
        fix="name a file with rows",
        keys=_ENTRY,
    ),
    Rule(
        code="F-DATA-EMPTY",
        pattern=said(r'^ValueError: Instruction "[^"]*" corresponds to no data!'),
        frame="datasets/",
        cause="a data file has no row: nothing, or blank lines",
        fix="name a file with rows",
        keys=_ENTRY,
    ),
    Rule(
        code="F-DATA-EMPTY",
        pattern=said(
            r"(?:EmptyDatasetError: The directory at (?P<value>.+) doesn't contain any data files"
            r"|DataFilesNotFoundError: No \(supported\) data files found in (?P<folder>.+))"
        ),
        cause="the folder {value}{folder} has no data files",
        fix="name a file, or a folder with JSON lines, JSON, CSV, text or Parquet files",
        keys=_ENTRY,
    ),
    Rule(
        code="F-DATA-SPLIT",
        pattern=said(r'Unknown split "(?P<value>[^"]*)"\. Should be one of (?P<splits>[^\n]*)\.'),
        cause="the dataset has no split {value}",
        fix="write one of {splits}",
        keys=("datasets.0.split", "datasets"),
    ),
    Rule(
        code="F-DATA-FEATURES",
        pattern=said(r"features can't be aligned because the key (?P<column>\S+) of"),
        cause="datasets that are merged disagree on the type of the column {column}",
        fix="tokenised rows and plain rows cannot be mixed: prepare them apart, or store {column} "
        "with the same type",
        keys=("datasets",),
    ),
    Rule(
        code="F-DATA-READ",
        pattern=said(r"DatasetGenerationError|DatasetGenerationCastError|ArrowInvalid"),
        cause="a data file cannot be read as its kind",
        fix="the exceptions above it in the traceback say which file and why; ds_type names a kind",
        keys=("datasets.0.ds_type", *_ENTRY),
    ),
    Rule(
        code="F-DATA-SMALL",
        pattern=said(r"^ZeroDivisionError|eval dataset split is too small for sample_packing"),
        cause="the dataset is too small: fewer rows, or packed batches, than a step takes",
        fix="add data, turn sample_packing and eval_sample_packing off, lower micro_batch_size, "
        "gradient_accumulation_steps or val_set_size",
        keys=("val_set_size", *_SMALL, "sequence_len"),
    ),
    Rule(
        code="F-DATA-ALL-DROPPED",
        pattern=said(
            r"empty range for randrange\(\) \(0, -1, -1\)|num_samples should be a positive integer"
        ),
        cause="no row is left: all were longer than sequence_len, or had nothing to train on",
        fix="raise sequence_len, or set excess_length_strategy: truncate",
        keys=("sequence_len", "excess_length_strategy"),
    ),
    Rule(
        code="F-DATA-SMALL",
        pattern=said(r"empty range for randrange\(\) \(0, 0, 0\)"),
        frame="axolotl/common/datasets.py",
        cause="the dataset has a single row, and `axolotl preprocess` cannot show one at random",
        fix="it is prepared all the same; training works",
        keys=("datasets",),
    ),
    Rule(
        code="F-VAL-SIZE",
        pattern=said(
            r"test_size=(?P<size>[\d.]+) should be either positive and smaller than the number of "
            r"samples (?P<rows>\d+)"
        ),
        cause="val_set_size {size} does not leave rows on both sides of {rows}",
        fix="a share below 1 (0.05), or a number of rows above 1 and below {rows}; 1 is read as "
        "all of them",
        keys=("val_set_size",),
    ),
    Rule(
        code="F-NOTHING-TRAINED",
        pattern=said(r"no samples left after dropping samples with no trainable tokens"),
        cause="no token of any row is trained",
        fix="`inspect-tool show` colours what is masked, `inspect-tool why` says by which key",
        keys=("datasets.0.roles_to_train", "datasets.0.roles", "train_on_inputs", "datasets"),
    ),
    Rule(
        code="F-DATA-LONG",
        pattern=said(
            r"Sequence encountered with \d+ tokens, which exceeds the maximum|"
            r"Sample exceeds configured sequence_len"
        ),
        cause="a row is longer than sequence_len",
        fix="raise sequence_len, or let excess_length_strategy drop or truncate such rows",
        keys=("excess_length_strategy", "sequence_len"),
    ),
    Rule(
        code="F-DATA-ROLES",
        pattern=said(r"^KeyError: '(?P<name>role|content|from|value)'$"),
        frame="axolotl/prompt_strategies/",
        cause="a message has no {name}: the data names its parts otherwise",
        fix="message_property_mappings says what they are called "
        "({{role: from, content: value}} for ShareGPT's)",
        keys=("datasets.0.message_property_mappings", "datasets.0.type"),
    ),
    Rule(
        code="F-DATA-MESSAGES",
        pattern=said(r"Messages is null|Unknown messages format"),
        cause="a row has no messages in the column that is read",
        fix="field_messages names the column that holds the list of messages",
        keys=("datasets.0.field_messages", "datasets.0.type"),
    ),
    Rule(
        code="F-DATA-MESSAGES",
        pattern=said(
            r"^json\.decoder\.JSONDecodeError|^AttributeError: '\w+' object has no .*'get'"
        ),
        frame="axolotl/prompt_strategies/chat_template.py",
        cause="the column of messages holds something other than a list of messages",
        fix="field_messages names the column; each message is an object with a role and content",
        keys=("datasets.0.field_messages", "datasets.0.type"),
    ),
    Rule(
        code="F-DATA-FIELD",
        pattern=said(r"^KeyError: '(?P<name>[^']*)'$"),
        frame="axolotl/prompt_",
        cause="a row has no field {name}, which this dataset type reads",
        fix="choose the type that fits the data, or name its fields with the type's field_ keys",
        keys=("datasets.0.type", "datasets"),
    ),
    Rule(
        code="F-DATA-FIELD",
        pattern=said(r"keys are required for (?P<kind>\S+) datasets"),
        cause="a row lacks what a {kind} sample is made of",
        fix="choose the type that fits the data, or name its fields",
        keys=("datasets.0.type", "datasets"),
    ),
    Rule(
        code="F-DATA-TYPE",
        pattern=said(r"unhandled prompt tokenization strategy: (?P<value>[^\n]*?)\.? *(?:\n|$)"),
        cause="axolotl has no dataset type {value}",
        fix="docs/kinds.md lists the types",
        keys=("datasets.0.type",),
    ),
    Rule(
        code="F-DATA-TYPE",
        pattern=said(r"Failed to load dataset transform function for type '(?P<value>[^']*)'"),
        cause="axolotl has no dataset type {value} for this kind of training",
        fix="docs/kinds.md lists the types; for GRPO the module must be on PYTHONPATH",
        keys=("datasets.0.type",),
    ),
    Rule(
        code="F-TOKEN-ID",
        pattern=said(r"^IndexError: index out of range in self|device-side assert triggered"),
        cause="a token id is larger than the model's vocabulary (or a position than its context)",
        fix="the tokenizer must be the model's; new tokens go into `tokens:`; tokenised data must "
        "come from the same tokenizer",
        keys=("tokenizer_config", "tokens", "datasets", "base_model"),
        where="line",
    ),
    Rule(
        code="F-NO-STEPS",
        pattern=said(r"There seems not to be a single sample in your epoch_iterator"),
        cause="axolotl ended without an error and without one training step",
        fix="there were fewer samples, or packed batches, than one step takes: lower "
        "micro_batch_size or gradient_accumulation_steps, turn sample_packing off, or add data",
        keys=_SMALL,
        where="end",
    ),
)

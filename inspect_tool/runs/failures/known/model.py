"""Models, tokenizers and adapters that cannot be had, built or trained."""

from __future__ import annotations

from inspect_tool.runs.failures.known.rule import Rule, Source, said

_HUB = "utils/hub.py"
_LORA = ("lora_target_modules", "lora_target_linear", "adapter")

RULES = (
    Rule(
        code="F-GATED",
        pattern=said(
            r"access a gated repo|GatedRepoError|Access to (?:model|dataset) (?P<value>\S+) is "
            r"restricted"
        ),
        cause="a model or dataset is gated, and this machine has no access",
        fix="accept its terms on the Hub and run `hf auth login`; or debug without it: "
        "--like ARCHITECTURE --tokenizer FOLDER",
        keys=("base_model", "datasets.0.path"),
        source=Source("transformers", _HUB, "You are trying to access a gated repo."),
    ),
    Rule(
        code="F-ADAPTER-FOLDER",
        pattern=said(r"Can't find 'adapter_config\.json' at '(?P<value>[^']*)'"),
        cause="{value} is no adapter: it has no adapter_config.json",
        fix="name the folder that an adapter was saved into, or leave lora_model_dir out",
        keys=("lora_model_dir",),
    ),
    Rule(
        code="F-HUB-PUSH",
        pattern=said(r"/api/repos/create|Failed to create.*repo|push_to_hub"),
        cause="axolotl wanted to create a repository on the Hub",
        fix="remove hub_model_id, or go online and run `hf auth login`",
        keys=("hub_model_id", "push_dataset_to_hub"),
    ),
    Rule(
        code="F-HUB-LOGIN",
        pattern=said(
            r"401 Client Error|403 Client Error|Invalid (?:username or password|credentials)|"
            r"LocalTokenNotFoundError|Invalid user token"
        ),
        cause="the Hub refuses the token of this machine, or there is none",
        fix="run `hf auth login` with a token that may read the repository",
        keys=("base_model", "hub_model_id"),
        source=Source("huggingface_hub", "errors.py", "401 Client Error"),
    ),
    Rule(
        code="F-MODEL-NAME",
        pattern=said(
            r"(?P<value>\S+) is not a local folder and is not a valid model identifier|"
            r"Repo id must be in the form [^:]*: '(?P<path>[^']*)'"
        ),
        cause="there is no such model: {value}{path}",
        fix="a folder must exist below where axolotl is run; a name of the Hub is owner/name, and "
        "a private one needs `hf auth login`",
        keys=("base_model", "tokenizer_config", "lora_model_dir"),
        source=Source(
            "transformers", _HUB, "is not a local folder and is not a valid model identifier"
        ),
    ),
    Rule(
        code="F-REVISION",
        pattern=said(r"(?P<value>\S+) is not a valid git identifier"),
        cause="the model has no revision {value}",
        fix="its page on the Hub lists branches and tags",
        keys=("revision_of_model",),
        source=Source("transformers", _HUB, "is not a valid git identifier"),
    ),
    Rule(
        code="F-OFFLINE",
        pattern=said(
            r"We couldn't connect to '|offline mode is enabled|outgoing traffic has been disabled|"
            r"OfflineModeIsEnabled|LocalEntryNotFoundError|Hub is in offline mode|"
            r"Temporary failure in name resolution|Name or service not known|Max retries exceeded"
        ),
        cause="a file of a model or dataset is not in the cache, and the Hub was not reached",
        fix="go online once (HF_HUB_OFFLINE unset), or name a local folder; to debug without it: "
        "--like ARCHITECTURE --tokenizer FOLDER",
        keys=("base_model", "tokenizer_config", "datasets.0.path"),
    ),
    Rule(
        code="F-ARCHITECTURE",
        pattern=said(
            r"model type `(?P<name>[^`]*)` but Transformers does not recognize|"
            r"Unrecognized (?:model in|configuration class) (?P<folder>\S+)"
        ),
        cause="transformers does not know this architecture: {name}{folder}",
        fix="its config.json needs a model_type that the installed transformers has; "
        "`inspect-tool doctor` lists versions",
        keys=("base_model", "base_model_config"),
    ),
    Rule(
        code="F-REMOTE-CODE",
        pattern=said(r"contains custom code which must be executed|trust_remote_code=True"),
        cause="the model brings Python code of its own, which is not run unasked",
        fix="read that code; then set trust_remote_code: true",
        keys=("trust_remote_code", "base_model"),
    ),
    Rule(
        code="F-NO-WEIGHTS",
        pattern=said(r"Error no file named [^\n]*, found in directory (?P<folder>\S+?)\.?(?:\n|$)"),
        cause="the model's folder has no weights: {folder}",
        fix="download it whole; to debug without weights leave --full-model out",
        keys=("base_model",),
    ),
    Rule(
        code="F-WEIGHTS-CUT",
        pattern=said(r"PytorchStreamReader failed|Error while deserializing header"),
        cause="a weights file is damaged or was cut while it was downloaded",
        fix="delete it and download it again; `git lfs pull` where it is a pointer file",
        keys=("base_model",),
    ),
    Rule(
        code="F-WEIGHTS-FIT",
        pattern=said(r"size mismatch for (?P<name>\S+?):|ignore_mismatched_sizes"),
        cause="weights do not have the shape that the model wants",
        fix="the adapter or checkpoint is another model's, or its vocabulary was enlarged: check "
        "lora_model_dir, resume_from_checkpoint and tokens",
        keys=("lora_model_dir", "resume_from_checkpoint", "tokens", "base_model"),
        source=Source("torch", "nn/modules/module.py", "size mismatch for "),
    ),
    Rule(
        code="F-TOKENIZER",
        pattern=said(r"module transformers has no attribute (?P<value>\w*Tokenizer\w*)"),
        cause="transformers has no tokenizer class {value}",
        fix="leave tokenizer_type out: AutoTokenizer finds the class",
        keys=("tokenizer_type",),
    ),
    Rule(
        code="F-TOKENIZER",
        pattern=said(
            r"Can't load tokenizer for|Couldn't instantiate the backend tokenizer|"
            r"Tokenizer class \S+ does not exist"
        ),
        cause="the tokenizer cannot be loaded",
        fix="its folder needs tokenizer.json (or the SentencePiece model, with sentencepiece and "
        "protobuf installed); tokenizer_config names another",
        keys=("tokenizer_config", "tokenizer_type", "base_model"),
        source=Source(
            "transformers",
            "tokenization_utils_tokenizers.py",
            "Couldn't instantiate the backend tokenizer",
        ),
    ),
    Rule(
        code="F-TOKENIZER",
        pattern=said(r"^IndexError: list index out of range"),
        frame="axolotl/prompt_strategies/chat_template.py",
        cause="a conversation has fewer tokens than turns: the tokenizer seems to be an empty one",
        fix="its folder needs tokenizer.json; tokenizer_config names another tokenizer",
        keys=("tokenizer_config", "base_model"),
    ),
    Rule(
        code="F-MODEL-CLASS",
        pattern=said(r"module transformers has no attribute (?P<value>\w+)"),
        cause="transformers has no model class {value}",
        fix="leave model_type out: AutoModelForCausalLM finds the class",
        keys=("model_type",),
    ),
    Rule(
        code="F-PAD-TOKEN",
        pattern=said(r"Asking to pad but the tokenizer does not have a padding token"),
        cause="the tokenizer has no padding token",
        fix="set special_tokens: {{pad_token: ...}} to a token that the data does not use",
        keys=("special_tokens",),
        source=Source("transformers", "tokenization_utils_base.py", "Asking to pad but"),
    ),
    Rule(
        code="F-NEW-TOKENS",
        pattern=said(r"lora_modules_to_save[^\n]*\[(?P<names>[^\]]*)\]"),
        cause="new tokens are added, and the adapter does not train their embeddings",
        fix="set lora_modules_to_save: [{names}]",
        keys=("lora_modules_to_save", "tokens", "special_tokens"),
    ),
    Rule(
        code="F-LORA-TARGET",
        pattern=said(
            r"Target modules (?P<value>[^\n]*) not found in the base model|"
            r"No `target_modules` passed|No modules were targeted|Please specify `target_modules`"
        ),
        cause="no layer of the model has the name that the adapter wants",
        fix="set lora_target_linear: true, or name layers of this architecture",
        keys=_LORA,
    ),
    Rule(
        code="F-QUANTIZED",
        pattern=said(r"quant_method is not set to gptq|quantization_config is not set"),
        cause="gptq: true, but the model is not a GPTQ model",
        fix="name the GPTQ model, or leave gptq out",
        keys=("gptq", "base_model"),
    ),
    Rule(
        code="F-CHECKPOINT",
        pattern=said(r"Can't find a valid checkpoint at (?P<value>[^\n]*)"),
        cause="there is no checkpoint at {value}",
        fix="name a checkpoint- folder of an earlier run, or leave resume_from_checkpoint out",
        keys=("resume_from_checkpoint", "auto_resume_from_checkpoints"),
    ),
)

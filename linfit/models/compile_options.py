"""CompileOptions: the options of `compile` that Keras does not keep, saved and restored with the model."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class CompileOptions:
    """The options of `compile` that Keras does not keep.

    Attributes:
        auto_rate: whether `learning_rate="auto"` was passed.
        run_eagerly: as passed.
        jit_compile: as passed; Keras keeps only its own answer to "auto".
        condense_rows: as passed.
    """

    auto_rate: bool
    run_eagerly: bool
    jit_compile: bool | str
    condense_rows: bool

    @property
    def allows_blocks(self) -> bool:
        """Return whether steps may run in blocks compiled by XLA."""
        return self.jit_compile is not False and not self.run_eagerly

    def added_to(self, keras_config: dict[str, Any]) -> dict[str, Any]:
        """Return the configuration that Keras saves, with these options: the arguments of `compile` as passed."""
        config = dict(keras_config)
        if self.auto_rate:
            config.pop("optimizer", None)
            config["learning_rate"] = "auto"
        return config | {"jit_compile": self.jit_compile, "condense_rows": self.condense_rows}

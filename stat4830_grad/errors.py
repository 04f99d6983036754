"""What a user can cause. Each kind has an exit code; the message says what to do."""


class UserError(Exception):
    """Reported as one message without a traceback (`debug=true` shows it)."""

    exit_code = 1


class ConfigError(UserError):
    """The configuration asks for something that cannot be run."""

    exit_code = 2


class DataError(UserError):
    """A file the run needs is missing, damaged or cannot be had."""

    exit_code = 3


class MachineError(UserError):
    """The machine cannot: its disk is full, its memory short, a file cannot be used."""

    exit_code = 6

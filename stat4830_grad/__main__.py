"""`python -m stat4830_grad`: help at once, everything else through Hydra."""

from __future__ import annotations

from .system.module_path import leave_out_directory


def main() -> None:
    """Entry point of `python -m stat4830_grad` and of `stat4830-grad`."""
    leave_out_directory()  # before anything is imported that Python has not imported itself
    from .system.process import begin, leave, no_garbage

    begin()  # from here on a signal ends the process as it should
    import shutil
    import sys

    from .config.help import fitted, help_text, version_text

    if "--version" in sys.argv[1:]:
        print(version_text())
        leave(0)
    if {"-h", "--help"} & set(sys.argv[1:]):
        width = shutil.get_terminal_size((100, 24)).columns
        print(fitted(help_text(sys.argv[1:]), width), end="")
        leave(0)
    with no_garbage():
        from .app import start  # Hydra takes 0.2 s to import

    leave(start())


if __name__ == "__main__":
    main()

"""One file per `task=…`, each with `run(config, directory, command) -> exit code`."""

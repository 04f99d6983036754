"""The documentation as a site: sources from docs/ and from the package, built by Sphinx."""

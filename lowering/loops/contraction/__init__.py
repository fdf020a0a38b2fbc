"""Register tiles over pixels and blocks of channels, and where they belong."""

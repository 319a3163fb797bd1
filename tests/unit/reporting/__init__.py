"""The reports, tested against journals that the real machine and the real journal wrote."""

"""Promises of the command line and the API, played on real SSH sessions to the lab."""

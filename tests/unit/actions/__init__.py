"""Tests of what can change."""

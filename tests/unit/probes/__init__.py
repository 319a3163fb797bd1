"""Tests of the room that looks."""

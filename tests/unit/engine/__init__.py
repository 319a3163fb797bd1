"""Tests of the room that decides and performs."""

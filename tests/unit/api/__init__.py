"""The verbs, as far as they contact nothing."""

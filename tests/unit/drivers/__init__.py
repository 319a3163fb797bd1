"""The drivers, over real SSH on loopback."""

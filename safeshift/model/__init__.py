"""What people write: playbooks, inventories, fabric files; read into frozen models, or refused with place and hint."""

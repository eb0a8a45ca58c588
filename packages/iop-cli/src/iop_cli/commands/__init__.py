"""The commands of iop-command, one module each."""

"""Import paths of earlier versions for what is in the package ``iop-migrate`` now."""

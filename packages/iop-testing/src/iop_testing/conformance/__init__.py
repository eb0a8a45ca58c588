"""What every backend must do: one test for each row of the tables of InterSystems behaviour."""

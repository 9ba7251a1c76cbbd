"""A run from the plan to the verdict, with the checks as pytest runs them."""

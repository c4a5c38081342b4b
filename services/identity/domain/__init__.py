"""What things are: frozen values, rules, state changes; standard library only."""

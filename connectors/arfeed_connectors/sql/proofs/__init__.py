"""What proves a list, or explains what has left it: control totals, the control account, what is closed."""

"""Reading the user's syntax tree: each module reads one kind of syntax, and is a part of `frontend.Program`."""

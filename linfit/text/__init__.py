"""Tables, reports and progress bars for terminals, notebooks and files."""

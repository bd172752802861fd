"""Tables, reports and progress bars on a terminal or a page."""

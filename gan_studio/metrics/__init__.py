"""What samples are worth: one metric a file."""
